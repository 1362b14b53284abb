"""Intrinsic dimension of data, estimated from distances to nearest neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.evaluation.neighbours import nearest_distances

TAIL = 0.1
"""Share of the largest ratios that TwoNN leaves out: the density varies at such distances."""


@torch.no_grad()
def two_nn(x: Tensor) -> float:
    """TwoNN (Facco et al. 2017): d = n / sum(log mu), with mu = r2 / r1 of each point.

    x is (N, ...). The largest tenth of the ratios is replaced by the largest of the others: this is
    the maximum likelihood estimate for a Pareto distribution censored there. Duplicate points
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
    """The estimate of Levina & Bickel 2005 with k neighbours, whose inverse is averaged over points
    (MacKay & Ghahramani 2005): 1 / d = mean_i 1 / (k - 1) * sum_j<k log(r_k / r_j)."""
    near = nearest_distances(x, k)
    near = near[near[:, 0] > 0]
    logs = (near[:, -1:] / near[:, :-1]).log().sum(1) / (k - 1)
    return 1 / logs.mean().item()
