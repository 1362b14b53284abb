"""Anomaly scores and their threshold. The higher the score, the less an image is like normal ones.

Everything is fitted to normal images only. Images and codes are float rows (N, D).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.evaluation import metrics

RIDGE = 1e-3
"""This share of the mean variance is added to each variance, so that the covariance of a few codes
can be inverted, too."""


@torch.no_grad()
def pca_errors(train: Tensor, x: Tensor, sizes: Sequence[int]) -> dict[int, Tensor]:
    """Squared error per image, (N,), of PCA fitted on `train`, for each number of components."""
    mean, basis = train.mean(0), metrics.pca_subspace(train, max(sizes)).float()
    centred = x - mean
    explained = (centred @ basis).square().cumsum(1)
    total = centred.square().sum(1)
    rank = basis.shape[1]
    return {
        size: (total - explained[:, min(size, rank) - 1]).clamp(min=0) if rank else total
        for size in sizes
    }


@torch.no_grad()
def mahalanobis(train: Tensor, z: Tensor) -> Tensor:
    """Squared Mahalanobis distance of each z from the Gaussian fitted to `train`, (N,).

    `RIDGE` of the mean variance is added to the covariance's diagonal.
    """
    mean = train.double().mean(0)
    covariance = torch.cov(train.double().T).reshape(len(mean), len(mean))
    ridge = RIDGE * covariance.diagonal().mean().clamp(min=1e-12)
    covariance = covariance + ridge * torch.eye(len(mean), dtype=torch.float64)
    away = z.double() - mean
    return (away * torch.linalg.solve(covariance, away.T).T).sum(1).float()


@torch.no_grad()
def relative(errors: Tensor, x: Tensor) -> Tensor:
    """Squared errors (N,) divided by the norm of each image x (N, D).

    Otherwise the error of an image with little ink would be small, whatever it shows. The norm
    counts as at least 0.01.
    """
    return errors / x.norm(dim=1).clamp(min=0.01)


def threshold(normal: Tensor, flagged: float) -> float:
    """The lowest threshold that at most a share `flagged` (0 to 1) of these normal scores exceeds.

    It needs no examples of anomalies.
    """
    above = math.floor(flagged * len(normal) + 1e-9)
    return normal.sort(descending=True).values[min(above, len(normal) - 1)].item()


@torch.no_grad()
def error_maps(x: Tensor, x_hat: Tensor, sigma: float = 1.0) -> Tensor:
    """Smoothed squared error of each pixel, mean over channels: (N, 1, H, W).

    The smoothing is a Gaussian of `sigma` pixels whose weights sum to 1 inside the image.
    """
    error = (x - x_hat).square().mean(1, keepdim=True)
    reach = math.ceil(3 * sigma)
    offset = torch.arange(-reach, reach + 1, dtype=error.dtype)
    window = torch.exp(-0.5 * (offset / sigma) ** 2)

    def blur(image: Tensor) -> Tensor:
        image = F.conv2d(image, window.view(1, 1, 1, -1), padding=(0, reach))
        return F.conv2d(image, window.view(1, 1, -1, 1), padding=(reach, 0))

    return blur(error) / blur(torch.ones_like(error))
