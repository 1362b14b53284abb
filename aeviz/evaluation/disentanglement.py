"""Disentanglement: whether each true factor of the images has a latent dimension of its own.

z is (N, d), the mean codes of N images; factors is (N, f), the true values. The values of a
categorical factor have no order, so it has mutual information but no rank correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BINS = 20
"""Bins of equal width over the range of a column, as in disentanglement_lib."""


@torch.no_grad()
def rank_correlation(z: Tensor, factors: Tensor) -> Tensor:
    """Absolute Spearman rank correlation of each latent dimension with each factor.

    (d, f) in [0, 1]. A constant column gets 0.
    """
    a, b = _standard_ranks(z), _standard_ranks(factors)
    return torch.from_numpy(np.abs(a.T @ b).clip(max=1.0))


@torch.no_grad()
def mutual_information(z: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """I(z_j; v_k) of each latent dimension and each factor, (d, f), and H(v_k), (f,); nats.

    Columns of z are discretised into `BINS` bins, and so are factors with more values than that. A
    constant z_j, or a constant factor, shares nothing.
    """
    codes = [_binned(column) for column in _columns(z)]
    information = torch.zeros(len(codes), factors.shape[1], dtype=torch.float64)
    entropies = torch.zeros(factors.shape[1], dtype=torch.float64)
    for k, values in enumerate(_columns(factors)):
        distinct = np.unique(values, return_inverse=True)[1]
        v = distinct if distinct.max() < BINS else _binned(values)
        entropies[k] = entropy = _entropy(np.bincount(v))
        for j, code in enumerate(codes):
            joint = _entropy(np.bincount(code * (int(v.max()) + 1) + v))
            shared = _entropy(np.bincount(code)) + entropy - joint
            information[j, k] = min(max(shared, 0.0), entropy)
    return information, entropies


def mutual_information_shares(z: Tensor, factors: Tensor) -> Tensor:
    """I(z_j; v_k) / H(v_k), (d, f) in [0, 1]. 1 means that z_j alone determines the factor's value
    (or its bin). A constant z_j, or a constant factor, gives 0."""
    information, entropies = mutual_information(z, factors)
    return torch.where(entropies > 0, information / entropies.clamp(min=1e-12), 0.0)


def gaps(shares: Tensor) -> Tensor:
    """Mutual information gap of each factor, (f,): the largest share of any dimension minus the
    second largest. `shares` is (d, f); MIG is the mean (Chen et al. 2018, eq. 6)."""
    padded = torch.nn.functional.pad(shares, (0, 0, 0, 1))  # for codes of one dimension
    first, second = padded.topk(2, dim=0).values
    return first - second


def mig(z: Tensor, factors: Tensor) -> float:
    """Mutual information gap, in [0, 1]: 1 if each factor can be read from one dimension and from
    no other. Chen et al. 2018, "Isolating Sources of Disentanglement in VAEs"; computed from mean
    codes, as in disentanglement_lib."""
    return gaps(mutual_information_shares(z, factors)).mean().item()


@torch.no_grad()
def followers(
    z: Tensor, factors: Tensor, names: Sequence[str], categories: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """For each factor, by name, the dimension that follows it best, and the second best.

    `dimension`, `score`, `next`, `next_score` (the last two only if d > 1) by rank correlation, or
    by mutual information for `categories`; `mig`: the gap of this factor.
    """
    shares = mutual_information_shares(z, factors)
    correlation = rank_correlation(z, factors)
    found = {}
    for k, (name, gap) in enumerate(zip(names, gaps(shares).tolist(), strict=True)):
        scores = (shares if name in categories else correlation)[:, k]
        order = scores.argsort(descending=True, stable=True).tolist()
        row = {"dimension": order[0], "score": scores[order[0]].item(), "mig": gap}
        if len(order) > 1:
            row |= {"next": order[1], "next_score": scores[order[1]].item()}
        found[name] = row
    return found


def _columns(values: Tensor) -> list[NDArray[np.float64]]:
    return list(values.detach().double().cpu().numpy().T)


def _binned(column: NDArray[np.float64]) -> NDArray[np.int64]:
    """The index of each value's bin; a constant column has one bin."""
    low, high = column.min(), column.max()
    width = (high - low) or 1.0
    return np.minimum(((column - low) / width * BINS).astype(np.int64), BINS - 1)


def _entropy(counts: NDArray[np.int64]) -> float:
    """Entropy in nats of a histogram."""
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _standard_ranks(columns: Tensor) -> NDArray[np.float64]:
    """Ranks of each column (ties share their mean), centred and of unit length; constant: zeros."""
    from scipy.stats import rankdata  # slow to import

    ranks = rankdata(columns.detach().cpu().numpy(), axis=0)
    ranks -= ranks.mean(0)
    length = np.linalg.norm(ranks, axis=0)
    return ranks / np.where(length > 0, length, 1.0)
