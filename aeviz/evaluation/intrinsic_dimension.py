"""How many numbers the data need: intrinsic dimension from distances to nearest neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

TAIL = 0.1
"""Share of the largest ratios that TwoNN leaves out: the density varies at such distances."""


@torch.no_grad()
def two_nn(x: Tensor) -> float:
    """TwoNN (Facco et al. 2017): d = n / sum(log mu), mu = r2 / r1 of each point.

    x is (N, ...). The largest tenth of the ratios is left out, and counts with the largest kept:
    the maximum likelihood of a Pareto distribution that is cut off there. Points that occur twice
    (r1 = 0) are left out.
    """
    near = nearest_distances(x, 2)
    near = near[near[:, 0] > 0]
    log_mu = (near[:, 1] / near[:, 0]).log().sort().values
    kept = log_mu[: max(1, round(len(log_mu) * (1 - TAIL)))]
    cut = len(log_mu) - len(kept)
    return len(kept) / (kept.sum() + cut * kept[-1]).item()


@torch.no_grad()
def mle(x: Tensor, k: int = 10) -> float:
    """Levina & Bickel 2005 with k neighbours, and the inverse averaged over points (MacKay &
    Ghahramani 2005): 1 / d = mean_i 1 / (k - 1) * sum_j<k log(r_k / r_j)."""
    near = nearest_distances(x, k)
    near = near[near[:, 0] > 0]
    logs = (near[:, -1:] / near[:, :-1]).log().sum(1) / (k - 1)
    return 1 / logs.mean().item()


def nearest_distances(x: Tensor, k: int) -> Tensor:
    """Distances to the k nearest other points, (N, k) float64, nearest first."""
    flat = x.flatten(1).double()
    rows = []
    for start in range(0, len(flat), 500):
        part = flat[start : start + 500]
        distance = torch.cdist(part, flat)
        distance[torch.arange(len(part)), start + torch.arange(len(part))] = torch.inf
        rows.append(distance.topk(k, largest=False).values)
    return torch.cat(rows)
