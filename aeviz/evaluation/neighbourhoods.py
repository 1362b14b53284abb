"""How faithful a map is: whether near points stay near, and far points far.

Points x are (N, D), their places on the map z (N, d); k is below N / 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.floating]


def trustworthiness(x: Array, z: Array, k: int = 12) -> float:
    """Trustworthiness (Venna & Kaski 2001): 1 if the k nearest on the map are the k nearest in the
    data space. False neighbours reduce it, the more the farther away they really are. Random places
    give about 0.5."""
    from sklearn import manifold  # slow to import

    return float(manifold.trustworthiness(x, z, n_neighbors=k))


def continuity(x: Array, z: Array, k: int = 12) -> float:
    """Continuity: 1 if the k nearest in the data space are the k nearest on the map. Neighbours
    that the map separates reduce it, the more the farther apart they are. It is the trustworthiness
    of the inverse."""
    return trustworthiness(z, x, k)


def distance_correlation(true: Array, z: Array, pairs: NDArray[np.integer]) -> float:
    """Spearman's rank correlation of true distances (P,) with the distances on the map between
    z[pairs[:, 0]] and z[pairs[:, 1]]; 0 if all distances of either kind are equal."""
    apart = np.linalg.norm(z[pairs[:, 0]] - z[pairs[:, 1]], axis=1)
    if np.ptp(apart) == 0 or np.ptp(true) == 0:
        return 0.0
    return float(stats.spearmanr(true, apart).statistic)
