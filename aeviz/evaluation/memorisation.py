"""Whether answers are training images: distances to the nearest of them."""

from __future__ import annotations

import torch
from torch import Tensor

CHUNK = 500


@torch.no_grad()
def nearest(x: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """Euclidean distance (N,) of each row of x (N, D) to the nearest row of `among` (M, D), and its
    index (N,)."""
    found = [torch.cdist(part, among).min(1) for part in x.split(CHUNK)]
    return torch.cat([one.values for one in found]), torch.cat([one.indices for one in found])


@torch.no_grad()
def memorised(x: Tensor, x_hat: Tensor, train: Tensor) -> float:
    """Share of images x (N, D) whose reconstruction x_hat (N, D) is nearer to a training image, one
    of train (M, D), than to x itself. 0 for a perfect copy; 1 if training images are the answers.
    """
    own = (x_hat - x).norm(dim=1)
    return (nearest(x_hat, train)[0] < own).float().mean().item()
