"""Projection of a latent space to a plane, how faithful it is, and the inverse, from places to
codes.

NumPy in and out: codes z (N, d), places (N, 2), all float32. CPU tensors are accepted as arrays.
scikit-learn takes seconds to import, so only the function that needs it imports it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from aeviz import pca

Array = NDArray[np.float32]
TRUST_NEIGHBOURS = 12  # neighbours of each point in the trustworthiness

# ---- PCA ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PCA2:
    """The plane of largest variance: mean (d,), components (2, d), explained (2,) variance shares.

    Codes of two dimensions are drawn as they are, and codes of one lie on the horizontal axis, so
    that one sees the latent space itself and not a rotated copy.
    """

    mean: Array
    components: Array
    explained: Array

    @classmethod
    def fit(cls, z: ArrayLike) -> "PCA2":
        """Fit to codes z (N, d), N >= 1. The largest entry of a component is positive."""
        codes = as_codes(z).astype(np.float64)
        d = codes.shape[1]
        if d <= 2:
            mean, components = np.zeros(d), np.eye(2, d)
            variances, total = np.resize(codes.var(0), 2) * (np.arange(2) < d), codes.var(0).sum()
        else:
            parts = (part.numpy() for part in pca.decompose(torch.from_numpy(codes)))
            mean, spectrum, directions = parts
            components, variances, total = directions[:, :2].T, spectrum[:2], spectrum.sum()
            largest = np.abs(components).argmax(1, keepdims=True)
            components = components * np.sign(np.take_along_axis(components, largest, 1))
        explained = variances / (total or 1.0)
        return cls(*(part.astype(np.float32) for part in (mean, components, explained)))

    def project(self, z: ArrayLike) -> Array:
        """Places (N, 2) of codes z (N, d), or (2,) of one code (d,)."""
        places = (np.asarray(z, np.float64) - self.mean) @ self.components.T.astype(np.float64)
        return places.astype(np.float32)

    def inverse(self, xy: ArrayLike, z_rest: ArrayLike | None = None) -> Array:
        """The codes (N, d) at places xy (N, 2), or one code (d,) at (2,).

        The part of z_rest ((d,) or (N, d)) orthogonal to the plane is kept, so that
        project(inverse(xy, z_rest)) = xy for every z_rest; without z_rest the code lies in the
        plane. For codes of one dimension only x counts.
        """
        start = self.mean if z_rest is None else np.asarray(z_rest, np.float64)
        step = np.asarray(xy, np.float64) - self.project(start)
        return (start + step @ self.components.astype(np.float64)).astype(np.float32)


# ---- how faithful a map is, and its inverse ----------------------------------------------------


def trustworthiness(
    z: ArrayLike, xy: ArrayLike, k: int = TRUST_NEIGHBOURS, seed: int = 0, max_points: int = 2_000
) -> float:
    """How far neighbours on the map xy (N, 2) are neighbours among the codes z (N, d): 0 to 1.

    Venna & Kaski 2001, over the k nearest, on at most `max_points` points drawn with `seed`. k is
    reduced if there are few points; fewer than three points give 1.
    """
    codes, places = as_codes(z), np.asarray(xy, np.float32)
    if len(codes) > max_points:
        chosen = np.random.default_rng(seed).choice(len(codes), max_points, replace=False)
        codes, places = codes[chosen], places[chosen]
    if len(codes) < 3:
        return 1.0
    from sklearn import manifold

    k = max(min(k, (len(codes) - 1) // 2), 1)
    return float(manifold.trustworthiness(codes, places, n_neighbors=k))


def nearest_code(xy: ArrayLike, coords: ArrayLike, codes: ArrayLike, k: int = 7) -> Array:
    """A code for each place on a map that has no inverse, such as t-SNE or UMAP.

    The mean of the codes (N, d) of the k points of coords (N, 2) nearest to xy ((M, 2) or (2,)),
    weighted by (1 / distance - 1 / reach)^2, where reach is the distance of the next nearest point
    (Shepard 1968, modified by Franke & Little, in Franke 1982). The result is continuous, since a
    point's weight is 0 when another one replaces it among the nearest; at a point it is that
    point's code, or the mean of those that coincide there. The result is (M, d) or (d,). The
    explorer does the same in web/static/neighbours.js.
    """
    from scipy.spatial import KDTree

    places, values = np.asarray(xy, np.float64), as_codes(codes)
    points = np.asarray(coords, np.float64)
    distances, nearest = KDTree(points).query(np.atleast_2d(places), min(k + 1, len(points)))
    distances, nearest = (part.reshape(len(part), -1) for part in (distances, nearest))
    if len(points) > k:
        reach, distances, nearest = distances[:, -1:], distances[:, :-1], nearest[:, :-1]
    else:
        reach = 2 * distances[:, -1:]  # all points are used: the reach extends beyond the last
    reach = reach * (1 + 1e-6) + 1e-30
    weights = ((reach - distances) / (distances + 1e-6 * reach)) ** 2
    weights /= weights.sum(1, keepdims=True)
    result = np.einsum("mk,mkd->md", weights, values[nearest]).astype(np.float32)
    return result if places.ndim == 2 else result[0]


def as_codes(z: ArrayLike) -> Array:
    """Codes as a contiguous float32 array (N, d); ValueError if they have another shape."""
    codes = np.ascontiguousarray(z, np.float32)
    if codes.ndim != 2:
        raise ValueError(f"codes must be (N, d), not {codes.shape}")
    return codes
