"""A latent space drawn on a plane, and the way back from a place on it to a code.

NumPy in and out: codes z (N, d), places (N, 2), all float32. CPU tensors are taken as arrays.
openTSNE and scikit-learn take seconds to import, so only the functions that need them do.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import safetensors
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load_file, save

from aeviz import atomic
from aeviz.errors import UserError

log = logging.getLogger(__name__)

Array = NDArray[np.float32]
Progress = Callable[[float], None]  # the share done, in [0, 1]

EARLY_STEPS, LATE_STEPS = 250, 500  # early exaggeration, then the layout itself
CALLBACK_STEPS = 10
FFT_FROM = 2_000  # points; below, Barnes-Hut is as quick
# A second thread saves a fifth on an idle machine, and costs four times as much on a busy one,
# where the two wait for each other; and a model is often training beside this.
JOBS = 1
CACHE_VERSION = 1  # raise it when the same codes would get other coordinates


class Cancelled(Exception):  # noqa: N818 - a person's wish, not an error
    """The caller asked to stop; there is no result."""


# ---- PCA ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PCA2:
    """The plane of largest variance: mean (d,), components (2, d), explained (2,) variance shares.

    Codes of two dimensions are drawn as they are and codes of one lie on the horizontal axis: the
    person sees the latent space itself, not a turned copy of it.
    """

    mean: Array
    components: Array
    explained: Array

    @classmethod
    def fit(cls, z: ArrayLike) -> "PCA2":
        """Fit to codes z (N, d), N >= 1. The largest entry of a component is positive."""
        codes = _codes(z).astype(np.float64)
        d = codes.shape[1]
        mean = codes.mean(0)
        covariance = (codes - mean).T @ (codes - mean) / len(codes)
        if d <= 2:
            mean, components = np.zeros(d), np.eye(2, d)
        else:
            components = np.linalg.eigh(covariance).eigenvectors[:, :-3:-1].T
            largest = np.abs(components).argmax(1, keepdims=True)
            components = components * np.sign(np.take_along_axis(components, largest, 1))
        variances = ((components @ covariance) * components).sum(1)
        explained = variances / (np.trace(covariance) or 1.0)
        return cls(*(part.astype(np.float32) for part in (mean, components, explained)))

    def project(self, z: ArrayLike) -> Array:
        """Places (N, 2) of codes z (N, d), or (2,) of one code (d,)."""
        places = (np.asarray(z, np.float64) - self.mean) @ self.components.T.astype(np.float64)
        return places.astype(np.float32)

    def inverse(self, xy: ArrayLike, z_rest: ArrayLike | None = None) -> Array:
        """The codes (N, d) at places xy (N, 2), or one code (d,) at (2,).

        Whatever of z_rest ((d,) or (N, d)) is not in the plane stays as it is, so that
        project(inverse(xy, z_rest)) = xy for every z_rest; without it the code lies in the plane.
        For codes of one dimension only x counts.
        """
        start = self.mean if z_rest is None else np.asarray(z_rest, np.float64)
        step = np.asarray(xy, np.float64) - self.project(start)
        return (start + step @ self.components.astype(np.float64)).astype(np.float32)


# ---- t-SNE -------------------------------------------------------------------------------------


def tsne(
    z: ArrayLike,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    initial: ArrayLike | None = None,
) -> Array:
    """t-SNE of codes z (N, d): places (N, 2), van der Maaten & Hinton 2008 by openTSNE.

    Perplexity is 30, or (N - 1) / 3 for few points. It starts from `initial` (N, 2), shrunk, or
    else from PCA (Kobak & Berens 2019), so that the map keeps the codes' large-scale arrangement.
    `progress` is told the share done, `cancelled` is asked every few steps whether to stop.

    Fewer than five codes get their PCA places; codes that are all one all lie at the origin.
    Raises Cancelled where `cancelled` says so, and ValueError for codes that are not finite.
    """
    codes = _codes(z)
    if not np.isfinite(codes).all():
        raise ValueError("t-SNE needs finite codes")
    codes = codes - codes.mean(0, keepdims=True) if len(codes) else codes
    spread = float(codes.std(0).max()) if codes.size else 0.0
    report = _Reporter(progress, cancelled)
    if spread < 1e-9 or len(codes) < 5:
        places = np.zeros((len(codes), 2), np.float32)
        if spread >= 1e-9:
            places = PCA2.fit(codes).project(codes)
    else:
        # t-SNE does not know the unit of its distances; its arithmetic is happier near 1.
        codes = codes / spread
        start = PCA2.fit(codes).project(codes) if initial is None else np.asarray(initial)
        places = _optimise(codes, _shrunk(start, seed), seed, report)
    report.share(1.0)
    return places


def tsne_cached(
    z: ArrayLike,
    cache_dir: str | os.PathLike[str],
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    initial: ArrayLike | None = None,
) -> Array:
    """`tsne`, remembered in cache_dir under the SHA-256 of the codes and everything that counts.

    A cached file that cannot be read is computed afresh and replaced; a cache that cannot be
    written costs the next caller the wait and nothing else.
    """
    codes = _codes(z)
    path = Path(cache_dir) / f"tsne-{_key(codes, seed, initial)}.safetensors"
    places = _read_places(path, len(codes))
    if places is not None:
        if progress:
            progress(1.0)
        return places
    places = tsne(codes, seed, progress, cancelled, initial)
    try:
        atomic.write_bytes(path, save({"coords": np.ascontiguousarray(places)}))
    except UserError as error:
        log.warning("The t-SNE cache is not kept: %s", error)
    return places


class _Reporter:
    """openTSNE's callback: counts steps over both of its phases, which each count from one."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self._cancelled, self._steps = progress, cancelled, 0
        self.share(0.0)

    def __call__(self, iteration: int, error: float, embedding: np.ndarray) -> bool:
        self._steps += CALLBACK_STEPS
        self.share(min(self._steps / (EARLY_STEPS + LATE_STEPS), 1.0))
        return False

    def share(self, done: float) -> None:
        if self._cancelled and self._cancelled():
            raise Cancelled
        if self._progress:
            self._progress(done)


def _optimise(codes: Array, start: np.ndarray, seed: int, report: _Reporter) -> Array:
    import openTSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from sklearn.neighbors import NearestNeighbors

    n = len(codes)
    perplexity = min(30.0, (n - 1) / 3)
    # Exact neighbours by brute force take 0.7 s for 10,000 codes; openTSNE's approximate ones 5 s.
    nearest = NearestNeighbors(n_neighbors=min(n - 1, int(3 * perplexity)), algorithm="brute")
    distances, indices = nearest.fit(codes).kneighbors()
    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(indices, distances), n_jobs=JOBS
    )
    report.share(0.0)
    embedding = openTSNE.TSNE(
        early_exaggeration_iter=EARLY_STEPS,
        n_iter=LATE_STEPS,
        negative_gradient_method="fft" if n >= FFT_FROM else "bh",
        ints_in_interval=2,  # half the grid: 1.7 times faster, the same trustworthiness
        callbacks=[report],
        callbacks_every_iters=CALLBACK_STEPS,
        random_state=seed,
        n_jobs=JOBS,
    ).fit(affinities=affinities, initialization=start)
    return np.asarray(embedding, np.float32)


def _shrunk(start: np.ndarray, seed: int) -> np.ndarray:
    """Starting places at the scale t-SNE wants, a standard deviation of 1e-4, none on another."""
    start = start.astype(np.float64)
    start = start / (start.std(0).max() or 1.0)
    noise = np.random.default_rng(seed).standard_normal(start.shape)
    return 1e-4 * (start + 1e-2 * noise)


# ---- the cache ---------------------------------------------------------------------------------


def _key(codes: Array, seed: int, initial: ArrayLike | None) -> str:
    start = None if initial is None else np.ascontiguousarray(initial, np.float32)
    parameters = {
        "version": CACHE_VERSION,
        "openTSNE": version("opentsne"),
        "shape": codes.shape,
        "seed": seed,
        "steps": [EARLY_STEPS, LATE_STEPS],
        "initial": None if start is None else hashlib.sha256(start.tobytes()).hexdigest(),
    }
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    digest.update(codes.tobytes())
    return digest.hexdigest()


def _read_places(path: Path, n: int) -> Array | None:
    """The cached places, or None where there are none that make sense."""
    try:
        places = load_file(path)["coords"]
    except (OSError, KeyError, ValueError, safetensors.SafetensorError):
        return None
    sound = places.shape == (n, 2) and places.dtype == np.float32 and np.isfinite(places).all()
    return places if sound else None


# ---- how true a map is, and the way back -------------------------------------------------------


def trustworthiness(
    z: ArrayLike, xy: ArrayLike, k: int = 10, seed: int = 0, most: int = 2_000
) -> float:
    """How far neighbours on the map xy (N, 2) are neighbours among the codes z (N, d): 0 to 1.

    Venna & Kaski 2001, over the k nearest, on at most `most` points drawn by seed. k is lowered to
    what few points allow; fewer than three points are always true.
    """
    codes, places = _codes(z), np.asarray(xy, np.float32)
    if len(codes) > most:
        chosen = np.random.default_rng(seed).choice(len(codes), most, replace=False)
        codes, places = codes[chosen], places[chosen]
    if len(codes) < 3:
        return 1.0
    from sklearn import manifold

    k = max(min(k, (len(codes) - 1) // 2), 1)
    return float(manifold.trustworthiness(codes, places, n_neighbors=k))


def nearest_code(xy: ArrayLike, coords: ArrayLike, codes: ArrayLike, k: int = 5) -> Array:
    """A code for each place on a map that has no inverse, such as t-SNE or UMAP.

    The mean of the codes (N, d) of the k points of coords (N, 2) nearest to xy ((M, 2) or (2,)),
    weighted by inverse squared distance (Shepard 1968): at a point itself, that point's code (or
    the mean of all k that lie there). The result is (M, d) or (d,).
    """
    from scipy.spatial.distance import cdist

    places, values = np.asarray(xy, np.float64), _codes(codes)
    targets = np.atleast_2d(places)
    squares = cdist(targets, np.asarray(coords, np.float64), "sqeuclidean")
    k = min(k, squares.shape[1])
    nearest = np.argpartition(squares, k - 1, axis=1)[:, :k]
    squares = np.take_along_axis(squares, nearest, 1)
    at_point = squares == 0
    weights = np.where(at_point.any(1, keepdims=True), at_point, 1 / np.where(at_point, 1, squares))
    weights /= weights.sum(1, keepdims=True)
    result = np.einsum("mk,mkd->md", weights, values[nearest]).astype(np.float32)
    return result if places.ndim == 2 else result[0]


def _codes(z: ArrayLike) -> Array:
    codes = np.ascontiguousarray(z, np.float32)
    if codes.ndim != 2:
        raise ValueError(f"codes must be (N, d), not {codes.shape}")
    return codes
