"""Neighbour-preserving maps: t-SNE and UMAP of codes z (N, d), as places (N, 2) float32.

Both start from the codes' PCA plane, so that the maps of similar codes look alike; both report
progress and can be stopped. Their libraries take seconds to import, and UMAP compiles itself at its
first use for some seconds more, so they are imported only in the functions that need them.
"""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from aeviz.latent.projection import PCA2, Array, as_codes

Progress = Callable[[float], None]  # the share done, in [0, 1]
Cancel = Callable[[], bool]

# A second thread saves a fifth on an idle machine, but takes four times as long on a busy one,
# where the two wait for each other; and a model is often training at the same time.
JOBS = 1
MIN_CODES = 5  # fewer codes get their PCA places

EARLY_STEPS, LATE_STEPS = 250, 500  # t-SNE's early exaggeration, then the layout itself
CALLBACK_STEPS = 10
FFT_FROM = 2_000  # points; below, Barnes-Hut is as quick

NEIGHBOURS, MIN_DIST = 15, 0.1  # UMAP's own defaults
EPOCHS, EPOCHS_FEW = 200, 500  # with 10,000 codes, 500 take 3 times as long for 0.001 more trust
FEW = 2_000


class Cancelled(Exception):  # noqa: N818 - the user's wish, not an error
    """The caller cancelled; there is no result."""


def tsne(
    z: ArrayLike,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
    initial: ArrayLike | None = None,
) -> Array:
    """t-SNE of codes z (N, d): places (N, 2), van der Maaten & Hinton 2008 by openTSNE.

    Perplexity is 30, or (N - 1) / 3 for few points. It starts from `initial` (N, 2), scaled down,
    or else from PCA (Kobak & Berens 2019), so that the map keeps the codes' large-scale
    arrangement. Every few steps it calls `progress` with the share done, and stops if `cancelled()`
    is true.

    Fewer than five codes get their PCA places; codes that are all equal are placed at the origin.
    Raises Cancelled, and ValueError for codes that are not finite.
    """
    return _layout(_optimise_tsne, z, seed, Reporter(progress, cancelled), initial)


def umap(
    z: ArrayLike,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
    initial: ArrayLike | None = None,
) -> Array:
    """UMAP of codes z (N, d): places (N, 2), McInnes, Healy & Melville 2018 by umap-learn.

    15 neighbours (fewer if there are fewer codes), min_dist 0.1; the rest is as for `tsne`. The
    same codes and seed give the same places.
    """
    return _layout(_optimise_umap, z, seed, Reporter(progress, cancelled), initial)


class Reporter:
    """Reports the share done to the caller, and raises Cancelled if the caller wants to stop."""

    def __init__(self, progress: Progress | None, cancelled: Cancel | None) -> None:
        self._progress, self._cancelled = progress, cancelled

    def share(self, done: float) -> None:
        if self._cancelled and self._cancelled():
            raise Cancelled
        if self._progress:
            self._progress(done)


Optimise = Callable[[Array, Array, int, Reporter], Array]


def _layout(
    optimise: Optimise, z: ArrayLike, seed: int, report: Reporter, initial: ArrayLike | None
) -> Array:
    """The parts common to all layouts: special cases, scaling of the codes, and the start."""
    codes = as_codes(z)
    if not np.isfinite(codes).all():
        raise ValueError("a layout needs finite codes")
    report.share(0.0)
    codes = codes - codes.mean(0, keepdims=True) if len(codes) else codes
    spread = float(codes.std(0).max()) if codes.size else 0.0
    if spread < 1e-9 or len(codes) < MIN_CODES:
        places = np.zeros((len(codes), 2), np.float32)
        if spread >= 1e-9:
            places = PCA2.fit(codes).project(codes)
    else:
        # Layouts do not depend on the scale of the codes, but are numerically best near 1.
        codes = codes / spread
        start = PCA2.fit(codes).project(codes) if initial is None else np.asarray(initial)
        places = optimise(codes, _apart(start, seed), seed, report)
    report.share(1.0)
    return places


def _apart(start: np.ndarray, seed: int) -> Array:
    """Starting places of standard deviation 1, with a little noise so that none coincide."""
    start = start.astype(np.float64)
    start = start / (start.std(0).max() or 1.0)
    noise = np.random.default_rng(seed).standard_normal(start.shape)
    return (start + 1e-2 * noise).astype(np.float32)


def _neighbours(codes: Array, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances (N, k) and indices (N, k) of the k nearest others.

    Brute force is exact and takes 0.7 s for 10,000 codes; approximate neighbours take 5 s.
    """
    from sklearn.neighbors import NearestNeighbors

    distances, indices = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(codes).kneighbors()
    return distances, indices


# ---- t-SNE -------------------------------------------------------------------------------------


def _optimise_tsne(codes: Array, start: Array, seed: int, report: Reporter) -> Array:
    import openTSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    n = len(codes)
    perplexity = min(30.0, (n - 1) / 3)
    distances, indices = _neighbours(codes, min(n - 1, int(3 * perplexity)))
    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(indices, distances), n_jobs=JOBS
    )
    report.share(0.0)
    steps = 0

    def callback(iteration: int, error: float, embedding: np.ndarray) -> bool:
        nonlocal steps  # each of its two phases counts iterations from one
        steps += CALLBACK_STEPS
        report.share(min(steps / (EARLY_STEPS + LATE_STEPS), 1.0))
        return False

    embedding = openTSNE.TSNE(
        early_exaggeration_iter=EARLY_STEPS,
        n_iter=LATE_STEPS,
        negative_gradient_method="fft" if n >= FFT_FROM else "bh",
        ints_in_interval=2,  # half the grid: 1.7 times faster, the same trustworthiness
        callbacks=[callback],
        callbacks_every_iters=CALLBACK_STEPS,
        random_state=seed,
        n_jobs=JOBS,
    ).fit(affinities=affinities, initialization=1e-4 * start.astype(np.float64))
    return np.asarray(embedding, np.float32)


# ---- UMAP --------------------------------------------------------------------------------------


class _Rate(float):
    """UMAP's learning rate. UMAP has no callback, but at the end of each epoch it multiplies the
    rate by the share of epochs left, which serves here to report progress and to stop."""

    report: Reporter

    def __mul__(self, left: float) -> float:
        self.report.share(1.0 - left)
        return float(self) * left


def _optimise_umap(codes: Array, start: Array, seed: int, report: Reporter) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about TensorFlow, and about transforming further codes
        from umap import UMAP

        report.share(0.0)
        n = len(codes)
        distances, indices = _neighbours(codes, min(NEIGHBOURS, n) - 1)
        rate = _Rate(1.0)
        rate.report = report
        embedding = UMAP(
            n_neighbors=min(NEIGHBOURS, n),
            min_dist=MIN_DIST,
            n_epochs=EPOCHS if n >= FEW else EPOCHS_FEW,
            init=start,
            learning_rate=rate,
            random_state=seed,
            n_jobs=JOBS,
            # UMAP counts each code as its own nearest neighbour.
            precomputed_knn=(
                np.column_stack([np.arange(n), indices]),
                np.column_stack([np.zeros(n), distances]).astype(np.float32),
            ),
        ).fit_transform(codes)
    return np.asarray(embedding - embedding.mean(0), np.float32)
