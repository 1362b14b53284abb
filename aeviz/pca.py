"""Principal component analysis (PCA), exact or by random projections."""

from __future__ import annotations

import torch
from torch import Tensor

EXACT_SIDE = 1024
"""`fit` decomposes exactly, within a second, if the images or their pixels are at most so many."""
_CHUNK = 8192


def fit(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Mean (d,) and the k leading principal directions (d, k) of x (N, d), fast for any size.

    Exact up to EXACT_SIDE, where there may be fewer directions than k (`fit_exact`); above, by
    random projections (Halko et al. 2011), always with the same random numbers.
    """
    mean = x.mean(0)
    if min(x.shape) <= EXACT_SIDE:
        return mean, fit_exact(x, k)[1].to(x.dtype)
    with torch.random.fork_rng(devices=[]):  # the global random state stays as it is
        torch.manual_seed(0)
        rank = min(k + 16, *x.shape)
        return mean, torch.pca_lowrank(x, rank, niter=3)[2][:, :k]


def fit_exact(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Mean (d,) and orthonormal leading directions (d, min(k, rank)) of x (N, d), in float64.

    Decomposes the smaller of the d x d scatter matrix and the N x N Gram matrix. Directions without
    variance are left out: they would be arbitrary.
    """
    n, d = x.shape
    if d <= n:
        mean, variances, directions = decompose(x)
        return mean, directions[:, : min(k, _rank(n * variances, mean, n))]
    mean = x.mean(0, dtype=torch.float64)
    centred = x.double() - mean
    squares, vectors = torch.linalg.eigh(centred @ centred.T)
    left = vectors.flip(1)[:, : min(k, _rank(squares, mean, n))]
    # QR rather than a division by singular values: it stays orthonormal if one of them is small.
    return mean, torch.linalg.qr(centred.T @ left).Q


def decompose(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (d,), variances (k,) and orthonormal directions (d, k) of x (N, d), in float64, the
    largest variance first; k is d, or N if 1 < N < d, where a d x d matrix would take seconds."""
    n, d = x.shape
    mean = x.mean(0, dtype=torch.float64)
    if 1 < n < d:
        _, sizes, rows = torch.linalg.svd(x.double() - mean, full_matrices=False)
        return mean, sizes.square() / n, rows.T
    scatter = x.new_zeros(d, d, dtype=torch.float64)
    for chunk in x.split(_CHUNK):
        centred = chunk.double() - mean
        scatter += centred.T @ centred
    squares, vectors = torch.linalg.eigh(scatter)
    return mean, squares.flip(0).clamp(min=0) / n, vectors.flip(1)


def _rank(squares: Tensor, mean: Tensor, n: int) -> int:
    """How many squared singular values of n centred rows are larger than rounding errors."""
    eps, d = torch.finfo(torch.float64).eps, len(mean)
    of_centring = eps * n * mean.square().sum()
    return int((squares > max(n, d) * eps * torch.maximum(squares.amax(), of_centring)).sum())
