"""Memorisation: whether reconstructions are training images, by distances to the nearest one."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.evaluation import neighbours


@torch.no_grad()
def nearest(x: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """Euclidean distance (N,) of each row of x (N, D) to the nearest row of `among` (M, D), and its
    index (N,)."""
    distances, indices = neighbours.nearest(among, x, 1)
    return distances[:, 0], indices[:, 0]


@torch.no_grad()
def memorised(x: Tensor, x_hat: Tensor, train: Tensor) -> float:
    """The share of images x (N, D) whose reconstruction x_hat (N, D) is nearer to a training image,
    one of train (M, D), than to x. 0 for perfect copies; 1 if the network returns training images.
    """
    own = (x_hat - x).norm(dim=1)
    return (nearest(x_hat, train)[0] < own).float().mean().item()
