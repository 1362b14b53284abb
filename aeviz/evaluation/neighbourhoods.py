"""How faithful a map is: whether points that are near each other stay so, and far ones far.

Points x are (N, D), their places on the map z (N, d); k is below N / 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.floating]


def trustworthiness(x: Array, z: Array, k: int = 12) -> float:
    """1 if the k nearest on the map are among the k nearest in space; less, the farther off those
    are that intrude: Venna & Kaski 2001. 0.5 is about chance."""
    from sklearn import manifold  # slow to import

    return float(manifold.trustworthiness(x, z, n_neighbors=k))


def continuity(x: Array, z: Array, k: int = 12) -> float:
    """1 if the k nearest in space are among the k nearest on the map; less, the farther apart the
    map tears them: trustworthiness the other way round."""
    return trustworthiness(z, x, k)


def distance_correlation(true: Array, z: Array, pairs: NDArray[np.integer]) -> float:
    """Spearman's rank correlation of true distances (P,) with those on the map between the places
    z[pairs[:, 0]] and z[pairs[:, 1]]; 0 if either are all the same."""
    apart = np.linalg.norm(z[pairs[:, 0]] - z[pairs[:, 1]], axis=1)
    if np.ptp(apart) == 0 or np.ptp(true) == 0:
        return 0.0
    return float(stats.spearmanr(true, apart).statistic)
