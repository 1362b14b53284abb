"""Binary codes: one bit per number of a code, and their Hamming distance."""

from __future__ import annotations

import torch
from torch import Tensor

ITERATIONS = 50


@torch.no_grad()
def median_bits(train: Tensor, z: Tensor) -> Tensor:
    """Whether each number is above its median over `train`: codes (N, d) -> (N, d) bool. Each bit
    is 1 for half of the images, so it carries as much information as it can."""
    return z > train.median(0).values


@torch.no_grad()
def itq_rotation(train: Tensor, seed: int = 0) -> Tensor:
    """The rotation (d, d) that brings centred codes (N, d) close to the corners of a cube.

    Iterative quantisation (Gong & Lazebnik 2011): from a random rotation R, alternate 50 times
    between B = sign(V R) and the best R for this B (orthogonal Procrustes).
    """
    v = (train - train.mean(0)).double()
    generator = torch.Generator().manual_seed(seed)
    d = v.shape[1]
    r = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64)).Q
    for _ in range(ITERATIONS):
        u, _, w = torch.linalg.svd(v.T @ signs(v @ r))
        r = u @ w
    return r


@torch.no_grad()
def itq_bits(train: Tensor, z: Tensor, seed: int = 0) -> Tensor:
    """Codes (N, d) -> (N, d) bool: the signs of the centred and rotated codes."""
    return (z - train.mean(0)).double() @ itq_rotation(train, seed) > 0


def signs(x: Tensor) -> Tensor:
    """The sign of each value, -1 or 1."""
    return (x > 0).to(x.dtype) * 2 - 1


@torch.no_grad()
def hamming(a: Tensor, b: Tensor) -> Tensor:
    """Number of bits that differ: (Q, d) and (N, d) bool -> (Q, N)."""
    a, b = signs(a.float()), signs(b.float())
    return (a.shape[1] - a @ b.T) / 2
