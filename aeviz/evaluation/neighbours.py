"""Nearest neighbours by brute force: milliseconds for some thousand images, and exact."""

from __future__ import annotations

import torch
from torch import Tensor

CHUNK = 1000
"""Rows whose distances to all others are in memory at once."""


@torch.no_grad()
def nearest(among: Tensor, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Euclidean distances (N, k) and indices (N, k) of the k nearest of `among` (M, D) for each row
    of x (N, D), nearest first; k is at most M."""
    k = min(k, len(among))
    parts = [torch.cdist(part, among).topk(k, largest=False) for part in x.split(CHUNK)]
    return torch.cat([part.values for part in parts]), torch.cat([part.indices for part in parts])


def nearest_distances(x: Tensor, k: int) -> Tensor:
    """Distances to the k nearest other points of x (N, ...), (N, k) float64, nearest first."""
    flat = x.flatten(1).double()
    rows = []
    for start in range(0, len(flat), CHUNK):
        part = flat[start : start + CHUNK]
        distance = torch.cdist(part, flat)
        distance[torch.arange(len(part)), start + torch.arange(len(part))] = torch.inf
        rows.append(distance.topk(k, largest=False).values)
    return torch.cat(rows)
