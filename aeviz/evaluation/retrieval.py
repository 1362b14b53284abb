"""Measures of a search: what share of the images found first are relevant.

`distances` are (Q, N), query by image; smaller is nearer. Images at one distance come in random
order, as they do with binary codes, and every measure is the expectation over that order (McSherry
& Najork 2008): no luck of the sorting counts. `relevant` is (Q, N) bool.
"""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def found_first(distances: Tensor, k: int) -> Tensor:
    """The chance (Q, N) of each image to be among the first k; each row sums to k."""
    k = min(k, distances.shape[1])
    last = distances.kthvalue(k, dim=1, keepdim=True).values
    nearer, tied = distances < last, distances == last
    left = k - nearer.sum(1, keepdim=True)
    return nearer.double() + tied.double() * left / tied.sum(1, keepdim=True)


def precision(first: Tensor, relevant: Tensor) -> Tensor:
    """Share of the first k that are relevant, (Q,), in expectation; `first` as `found_first`."""
    return (first * relevant).sum(1) / first.sum(1)


@torch.no_grad()
def average_precision(distances: Tensor, relevant: Tensor) -> Tensor:
    """Mean over the relevant images of the precision at their place, (Q,), in expectation. A query
    without any relevant image has 0."""
    ordered, order = distances.sort(dim=1)
    hits = relevant.gather(1, order).double()
    before = torch.nn.functional.pad(hits.cumsum(1), (1, 0))  # relevant ones before each place
    start = torch.searchsorted(ordered, ordered)  # of the group of equal distances
    end = torch.searchsorted(ordered, ordered, right=True)
    size, earlier = (end - start).double(), before.gather(1, start)
    inside = before.gather(1, end) - earlier
    place = torch.arange(1, distances.shape[1] + 1)  # from 1
    offset = place - 1 - start  # places before this one in its group
    others = (inside - 1).clamp(min=0) / (size - 1).clamp(min=1)
    at_place = (earlier + offset * others + 1) / place
    total = hits.sum(1)
    return (inside / size * at_place).sum(1) / total.clamp(min=1)
