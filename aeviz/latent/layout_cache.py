"""Cache of layouts on disk, since computing one takes many seconds."""

import hashlib
import json
import logging
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import safetensors
from numpy.typing import ArrayLike
from safetensors.numpy import load_file, save

from aeviz.errors import UserError
from aeviz.io import atomic
from aeviz.latent import layouts
from aeviz.latent.layouts import Cancel, Progress
from aeviz.latent.projection import Array, as_codes

log = logging.getLogger(__name__)


class Compute(Protocol):
    """The signature of `layouts.tsne` and `layouts.umap`."""

    def __call__(
        self,
        z: ArrayLike,
        seed: int,
        progress: Progress | None,
        cancelled: Cancel | None,
        initial: ArrayLike | None,
    ) -> Array: ...


@dataclass(frozen=True)
class Method:
    """A layout method, with what its result depends on besides codes, seed and start."""

    compute: Compute
    library: str
    settings: tuple[float, ...]
    version: int = 1  # increase it if the same codes would get other places


METHODS = {
    "tsne": Method(layouts.tsne, "opentsne", (layouts.EARLY_STEPS, layouts.LATE_STEPS)),
    "umap": Method(
        layouts.umap,
        "umap-learn",
        (layouts.NEIGHBOURS, layouts.MIN_DIST, layouts.EPOCHS, layouts.EPOCHS_FEW, layouts.FEW),
    ),
}


def cached(
    name: str,
    z: ArrayLike,
    cache_dir: str | os.PathLike[str],
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
    initial: ArrayLike | None = None,
) -> Array:
    """The layout `name` of METHODS of codes z (N, d): places (N, 2), cached in cache_dir under the
    SHA-256 of the codes and all parameters. Raises what the layout itself raises.

    A cached file that cannot be read is computed again and replaced. If the cache cannot be
    written, the next call computes the layout again.
    """
    codes, method = as_codes(z), METHODS[name]
    path = Path(cache_dir) / f"{name}-{_key(method, codes, seed, initial)}.safetensors"
    places = _read_places(path, len(codes))
    if places is not None:
        if progress:
            progress(1.0)
        return places
    places = method.compute(codes, seed, progress, cancelled, initial)
    try:
        atomic.write_bytes(path, save({"coords": np.ascontiguousarray(places)}))
    except UserError as error:
        log.warning("The layout was not cached: %s", error)
    return places


def _key(method: Method, codes: Array, seed: int, initial: ArrayLike | None) -> str:
    start = None if initial is None else np.ascontiguousarray(initial, np.float32)
    parameters: dict[str, Any] = {
        "version": method.version,
        "library": version(method.library),
        "settings": method.settings,
        "shape": codes.shape,
        "seed": seed,
        "initial": None if start is None else hashlib.sha256(start.tobytes()).hexdigest(),
    }
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    digest.update(codes.tobytes())
    return digest.hexdigest()


def _read_places(path: Path, n: int) -> Array | None:
    """The cached places, or None if there are no valid ones."""
    try:
        places = load_file(path)["coords"]
    except (OSError, KeyError, ValueError, safetensors.SafetensorError):
        return None
    valid = places.shape == (n, 2) and places.dtype == np.float32 and np.isfinite(places).all()
    return places if valid else None
