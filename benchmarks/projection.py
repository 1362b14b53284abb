"""Maps of a model's codes: seconds and trustworthiness of aeviz and of other libraries.

    python -m benchmarks.projection [--images 10000] [--model vae-mnist] [--only NAME ...]
        [--threads 1]

The codes are those of the model's gallery. Each method runs in a fresh process with the same seed,
`--threads` threads and its library's defaults (ours are `aeviz.latent.layouts`). The default is one
thread, because on a busy machine scikit-learn's threads wait for each other. "ready": seconds for
imports and compilation, measured with a first map of few codes; "map": seconds for the map itself.
"silence": the longest time in which ours neither reports progress nor checks for a stop, and so the
longest wait for a Stop. Trustworthiness is computed as in the model files (12 neighbours, on at
most 2,000 of the codes).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from aeviz.latent.projection import PCA2, Array, trustworthiness
from aeviz.models import library

FIRST_CODES = 300
SEED = 0

Map = Callable[[Array, Callable[[float], None]], Any]


def sklearn_tsne(z: Array, progress: Callable[[float], None]) -> Any:
    from sklearn.manifold import TSNE

    return TSNE(random_state=SEED).fit_transform(z)


def open_tsne(z: Array, progress: Callable[[float], None]) -> Any:
    import openTSNE

    return openTSNE.TSNE(random_state=SEED).fit(z)


def umap_learn(z: Array, progress: Callable[[float], None]) -> Any:
    from umap import UMAP

    return UMAP(random_state=SEED).fit_transform(z)


def our_tsne(z: Array, progress: Callable[[float], None]) -> Any:
    from aeviz.latent import layouts

    return layouts.tsne(z, SEED, progress)


def our_umap(z: Array, progress: Callable[[float], None]) -> Any:
    from aeviz.latent import layouts

    return layouts.umap(z, SEED, progress)


def pca(z: Array, progress: Callable[[float], None]) -> Any:
    return PCA2.fit(z).project(z)


METHODS: dict[str, Map] = {
    "aeviz-tsne": our_tsne,
    "sklearn-tsne": sklearn_tsne,
    "opentsne": open_tsne,
    "aeviz-umap": our_umap,
    "umap-learn": umap_learn,
    "pca": pca,
}


def measure(name: str, z: Array) -> dict[str, float]:
    """Measures one method on codes z (N, d), in this process."""
    warnings.simplefilter("ignore")
    told: list[float] = []
    began = time.perf_counter()
    METHODS[name](z[:FIRST_CODES], lambda share: None)
    ready = time.perf_counter()
    places = METHODS[name](z, lambda share: told.append(time.perf_counter()))
    ended = time.perf_counter()
    return {
        "ready": ready - began,
        "map": ended - ready,
        "silence": max(np.diff([ready, *told, ended])) if told else float("nan"),
        "trust": trustworthiness(z, np.asarray(places)),
    }


def codes(model: str, images: int) -> Array:
    """The first `images` codes (N, d) of a model's gallery."""
    gallery = library.load(model).gallery
    if gallery is None:
        raise SystemExit(f"{model} has no gallery, so there are no codes to draw a map of.")
    return np.asarray(gallery.latents[:images].float(), np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--model", default="vae-mnist")
    parser.add_argument("--threads", type=int, default=1, help="of the libraries that use OpenMP")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS), metavar="NAME")
    args = parser.parse_args()
    if args.images < FIRST_CODES:
        parser.error(f"--images must be at least {FIRST_CODES}")
    z = codes(args.model, args.images)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), str(args.threads))
    os.environ.update(threads)  # before the processes that read them start
    print(
        f"{len(z):,} codes of {z.shape[1]} numbers, {args.model}; {args.threads} threads on "
        f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':14}{'ready s':>9}{'map s':>9}{'silence s':>11}{'trustworthiness':>17}")
    fresh = multiprocessing.get_context("spawn")
    for name in args.only:
        with fresh.Pool(1) as pool:
            seen = pool.apply(measure, (name, z))
        silence = "-" if np.isnan(seen["silence"]) else f"{seen['silence']:.1f}"
        print(
            f"{name:14}{seen['ready']:9.1f}{seen['map']:9.1f}{silence:>11}{seen['trust']:17.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
