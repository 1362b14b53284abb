"""The quality of samples, by distances between features of samples and real images: precision,
recall, density and coverage (Kynkäänniemi et al. 2019, Naeem et al. 2020).

Features are float (N, D); the numbers of real images and samples may differ. The ball of a point
reaches to its k-th nearest neighbour in its own set.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from aeviz.evaluation.neighbours import nearest_distances


class Quality(NamedTuple):
    """precision: the share of samples that are in a real point's ball. recall: the share of real
    points that are in a sample's ball. density: the mean number of real balls that contain a
    sample, divided by k; about 1 for real images, but it may be higher. coverage: the share of real
    balls that contain a sample."""

    precision: float
    recall: float
    density: float
    coverage: float


@torch.no_grad()
def quality(real: Tensor, samples: Tensor, k: int = 5) -> Quality:
    """All four measures. Both sets must have more than k points."""
    real_radius = nearest_distances(real, k)[:, -1]
    sample_radius = nearest_distances(samples, k)[:, -1]
    apart = torch.cdist(real.flatten(1).double(), samples.flatten(1).double())  # (N, M)
    in_real = apart < real_radius[:, None]
    return Quality(
        precision=in_real.any(0).double().mean().item(),
        recall=(apart < sample_radius).any(1).double().mean().item(),
        density=in_real.double().sum(0).mean().item() / k,
        coverage=in_real.any(1).double().mean().item(),
    )
