"""How good samples are, against real images, by distances between features: precision, recall,
density and coverage (Kynkäänniemi et al. 2019, Naeem et al. 2020).

Features are (N, D) float; real ones and samples may differ in number. The ball of a point reaches
to its k-th nearest other point of its own set.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from aeviz.evaluation.intrinsic_dimension import nearest_distances


class Quality(NamedTuple):
    """precision: share of samples inside of a real ball. recall: share of real points inside of a
    sample's ball. density: mean number of real balls that a sample is in, over k; about 1 for real
    images, and it may be more. coverage: share of real balls with a sample inside."""

    precision: float
    recall: float
    density: float
    coverage: float


@torch.no_grad()
def quality(real: Tensor, samples: Tensor, k: int = 5) -> Quality:
    """All four; both sets have more than k points."""
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
