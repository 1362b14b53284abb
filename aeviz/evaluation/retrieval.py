"""Measures of image retrieval: precision of the first k images, and average precision.

`distances` is (Q, N), query by image; smaller is nearer. Images at the same distance, which are
common with binary codes, count as in random order: every measure is the expectation over that order
(McSherry & Najork 2008), so it does not depend on how ties are sorted. `relevant` is bool (Q, N).
"""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def found_first(distances: Tensor, k: int) -> Tensor:
    """The probability (Q, N) that each image is among the first k; each row sums to k."""
    k = min(k, distances.shape[1])
    last = distances.kthvalue(k, dim=1, keepdim=True).values
    nearer, tied = distances < last, distances == last
    left = k - nearer.sum(1, keepdim=True)
    return nearer.double() + tied.double() * left / tied.sum(1, keepdim=True)


def precision(first: Tensor, relevant: Tensor) -> Tensor:
    """The expected share of relevant images among the first k, (Q,); `first`: from
    `found_first`."""
    return (first * relevant).sum(1) / first.sum(1)


@torch.no_grad()
def average_precision(distances: Tensor, relevant: Tensor) -> Tensor:
    """The expected average precision, (Q,): the mean over relevant images of the precision at their
    rank. 0 for a query without relevant images."""
    ordered, order = distances.sort(dim=1)
    hits = relevant.gather(1, order).double()
    before = torch.nn.functional.pad(hits.cumsum(1), (1, 0))  # relevant images before each place
    start = torch.searchsorted(ordered, ordered)  # of each group of equal distances
    end = torch.searchsorted(ordered, ordered, right=True)
    size, earlier = (end - start).double(), before.gather(1, start)
    inside = before.gather(1, end) - earlier
    place = torch.arange(1, distances.shape[1] + 1)  # from 1
    offset = place - 1 - start  # number of places before it in its group
    others = (inside - 1).clamp(min=0) / (size - 1).clamp(min=1)
    at_place = (earlier + offset * others + 1) / place
    total = hits.sum(1)
    return (inside / size * at_place).sum(1) / total.clamp(min=1)
