"""Bottlenecks: features (N, width) -> a code, deterministic or sampled from a Gaussian."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from aeviz.config import BottleneckConfig
from aeviz.nn.networks import activation

LOGVAR_RANGE = (-12.0, 8.0)
"""Bounds of log sigma^2: sigma between 0.0025 and 55. Without them, exp() could overflow and make
the KL of one bad batch infinite."""


class Code(NamedTuple):
    """z (N, d), the code used; mu (N, d), its mean; logvar (N, d), None if deterministic."""

    z: Tensor
    mu: Tensor
    logvar: Tensor | None


def reparameterize(mu: Tensor, logvar: Tensor, generator: torch.Generator | None) -> Tensor:
    """z = mu + sigma * eps, eps ~ N(0, I) (Kingma & Welling 2014, section 2.4); (N, d)."""
    eps = torch.empty_like(mu).normal_(generator=generator)
    return mu + torch.exp(0.5 * logvar) * eps


class Deterministic(nn.Module):
    """One linear map to the code, followed by an activation for sparse codes."""

    def __init__(self, width: int, config: BottleneckConfig) -> None:
        super().__init__()
        self.code = nn.Linear(width, config.latent_dim)
        self.activation = activation(config.activation)

    def forward(
        self, features: Tensor, generator: torch.Generator | None = None, sample: bool = True
    ) -> Code:
        mu = self.activation(self.code(features))
        return Code(mu, mu, None)


class Gaussian(nn.Module):
    """q(z|x) = N(mu, diag sigma^2); z is drawn from it if `sample`, else z = mu."""

    def __init__(self, width: int, config: BottleneckConfig) -> None:
        super().__init__()
        self.mu = nn.Linear(width, config.latent_dim)
        self.logvar = nn.Linear(width, config.latent_dim)

    def forward(
        self, features: Tensor, generator: torch.Generator | None = None, sample: bool = True
    ) -> Code:
        mu = self.mu(features)
        logvar = self.logvar(features).clamp(*LOGVAR_RANGE)
        return Code(reparameterize(mu, logvar, generator) if sample else mu, mu, logvar)


BOTTLENECKS: dict[str, type[Deterministic] | type[Gaussian]] = {
    "deterministic": Deterministic,
    "gaussian": Gaussian,
}
