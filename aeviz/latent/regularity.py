"""How regular a latent space is: gaps between codes, steps along straight lines, and how much the
decoder stretches. Measures are relative to the spread of the model's codes, so that a model with
small codes does not look smoother than others.

Codes are (N, d) float32.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

GAP_QUANTILE = 0.99
Decode = Callable[[Tensor], Tensor]
"""Codes (N, d) to images (N, ...)."""


def whitening(z: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and matrix W (d, d) of codes z, so that (z - mean) @ W has the covariance I.
    Directions without variance are mapped to zero."""
    mean = z.double().mean(0)
    centred = z.double() - mean
    variances, vectors = torch.linalg.eigh(centred.T @ centred / len(z))
    varies = variances > 1e-9 * variances.amax().clamp(min=1e-30)
    scales = torch.where(varies, variances.clamp(min=1e-30).rsqrt(), 0)
    return mean.float(), ((vectors * scales) @ vectors.T).float()


@torch.no_grad()
def gap_share(codes: Tensor, samples: Tensor) -> float:
    """The share of samples (M, d) that are farther from the nearest code (N, d) than 99 % of the
    codes are from their nearest neighbour. Distances are between whitened codes."""
    mean, W = whitening(codes)
    z, drawn = (codes - mean) @ W, (samples - mean) @ W
    # the nearest code of each is itself
    own = torch.cat([torch.cdist(part, z).kthvalue(2, dim=1).values for part in z.split(1000)])
    limit = torch.quantile(own, GAP_QUANTILE)
    near = torch.cat([torch.cdist(part, z).amin(1) for part in drawn.split(1000)])
    return (near > limit).float().mean().item()


def lines(a: Tensor, b: Tensor, n: int) -> Tensor:
    """Straight lines of n codes from each a (P, d) to its b (P, d), ends included: (P, n, d)."""
    t = torch.linspace(0, 1, n)[:, None]
    return a[:, None] + t * (b - a)[:, None]


def smoothness(paths: Tensor) -> Tensor:
    """How uneven the steps along decoded paths (P, n, D) are, (P,): the largest step as a share of
    the path's length, minus 1 / (n - 1) (Berthelot et al. 2019). 0 if all steps are equal, and for
    paths of length 0."""
    steps = (paths[:, 1:] - paths[:, :-1]).norm(dim=2)
    total = steps.sum(1)
    even = 1 / steps.shape[1]
    share = steps.amax(1) / total.clamp(min=1e-12)
    return torch.where(total > 1e-12, share - even, torch.zeros_like(total))


def log_volumes(decode: Decode, z: Tensor) -> Tensor:
    """log10 of sqrt(det J'J) of the decoder at each code z (N, d), (N,): how much it stretches a
    small volume of the latent space. -inf where the decoder ignores a direction."""
    singular = torch.linalg.svdvals(_jacobians(decode, z).double())
    return singular.log10().sum(1)


def _jacobians(decode: Decode, z: Tensor) -> Tensor:
    """(N, D, d) on the CPU."""

    def of_one(code: Tensor) -> Tensor:
        return decode(code[None])[0].flatten()

    jacobian = torch.func.vmap(torch.func.jacfwd(of_one))
    return torch.cat([jacobian(part).detach().cpu() for part in z.split(32)])
