"""The likelihood of black and white images under a VAE, in nats, and the information in its codes.

log p(x) = log E_{z ~ p(z)} p(x|z) has no closed form. Importance samples from q(z|x) give a lower
bound (Burda et al. 2016); for codes of one or two numbers, a sum over a grid gives the value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from aeviz.nn import losses
from aeviz.nn.entropy import softplus
from aeviz.nn.estimators import bernoulli_nll, log_normal
from aeviz.nn.model import Autoencoder

ROWS = 2_500
"""Number of codes decoded at once, so that the result fits into a processor's cache."""
REACH, STEP = 6.0, 0.03
"""The grid over codes, from -REACH to REACH. The midpoint rule is exact to many digits if the
posterior is wider than a step."""
EXACT_SIZE = 2
"""The largest code size for which a grid is used."""


@torch.no_grad()
def log_weights(
    model: Autoencoder, x: Tensor, samples: int, generator: torch.Generator | None = None
) -> Tensor:
    """log p(x|z) + log p(z) - log q(z|x) of `samples` codes z ~ q(z|x) per image; (N, samples)
    float64. x is (N, C, H, W), each pixel 0 or 1."""
    mu, logvar = model.posterior(x)
    assert logvar is not None, "only a VAE has a likelihood"
    rows = []
    for image, m, v in zip(x, mu.double(), logvar.double(), strict=True):
        parts = []
        for start in range(0, samples, ROWS):
            count = min(ROWS, samples - start)
            eps = torch.empty(count, len(m), device=m.device).normal_(generator=generator).double()
            z = m + torch.exp(0.5 * v) * eps
            log_p = -bernoulli_nll(_logits(model, z), image.flatten()).double()
            parts.append(log_p + _log_prior(z) - log_normal(z, m, v))
        rows.append(torch.cat(parts))
    return torch.stack(rows).cpu()


def bounds(log_w: Tensor, counts: Sequence[int]) -> Tensor:
    """The bound L_k = E[log 1/k sum_i w_i] for each k in `counts`, (N, len(counts)) float64.

    log_w is (N, samples) with samples >= max(counts). L_k is the mean over all complete groups of k
    samples. L_1 is the ELBO, and L_k grows with k.
    """
    found = []
    for k in counts:
        groups = log_w.shape[1] // k
        grouped = log_w[:, : groups * k].reshape(len(log_w), groups, k)
        found.append((grouped.logsumexp(2) - math.log(k)).mean(1))
    return torch.stack(found, 1)


@torch.no_grad()
def log_marginal(model: Autoencoder, x: Tensor, reach: float = REACH, step: float = STEP) -> Tensor:
    """log p(x) of each image, (N,) float64, by a sum over a grid of codes of one or two numbers."""
    assert model.latent_dim <= EXACT_SIZE, "a grid over more numbers has too many points"
    axis = torch.arange(-reach + step / 2, reach, step, dtype=torch.float64)
    grid = torch.cartesian_prod(*[axis] * model.latent_dim).reshape(-1, model.latent_dim)
    volume = model.latent_dim * math.log(step)
    device = next(model.parameters()).device
    pixels = x.flatten(1).to(device)
    total = torch.full((len(x),), -math.inf, dtype=torch.float64, device=device)
    for z in grid.to(device).split(ROWS):
        logits = _logits(model, z)
        # log p(x|z) of all images at all codes: x l - log(1 + e^l), summed over pixels
        log_p = logits @ pixels.T - softplus(logits).sum(1, keepdim=True)
        joint = log_p.double() + (_log_prior(z) + volume)[:, None]
        total = torch.logaddexp(total, joint.logsumexp(0))
    return total.cpu()


@dataclass(frozen=True)
class CodeInformation:
    """The mean over images of KL(q(z|x) || p(z)), in nats, and its two parts (Hoffman & Johnson
    2016): `aggregated` = KL(q(z) || p(z)), where q(z) is the mixture of all posteriors, and
    `information`, the mutual information between image and code, at most log(images)."""

    kl: float
    aggregated: float
    information: float


@torch.no_grad()
def code_information(
    mu: Tensor, logvar: Tensor, generator: torch.Generator | None = None, draws: int = 4_000
) -> CodeInformation:
    """The KL of the codes N(mu_n, diag exp(logvar_n)), mu and logvar (N, d), and its parts. The
    expectation is estimated by one draw from each of up to `draws` codes; the mixture of all N is
    evaluated exactly."""
    mu, logvar = mu.double().cpu(), logvar.double().cpu()
    order = torch.randperm(len(mu), generator=generator)[:draws]
    eps = torch.empty(len(order), mu.shape[1], dtype=torch.float64).normal_(generator=generator)
    z = mu[order] + torch.exp(0.5 * logvar[order]) * eps
    own = log_normal(z, mu[order], logvar[order])
    # both terms use the same z, so their difference has little noise
    information = (own - log_mixture(z, mu, logvar)).mean().item()
    kl = losses.kl(mu, logvar).item()
    information = min(max(information, 0.0), kl)  # the estimate may be slightly out of range
    return CodeInformation(kl, kl - information, information)


def log_mixture(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log 1/N sum_n N(z; mu_n, diag exp(logvar_n)) of each z (M, d); (M,) float64."""
    z, mu, logvar = z.double(), mu.double(), logvar.double()
    precision = torch.exp(-logvar)
    # (z - mu)^2 / sigma^2 as three products, so that no (M, N, d) table is needed
    constant = (mu.square() * precision + logvar + math.log(2 * math.pi)).sum(1)
    parts = []
    for part in z.split(500):
        distance = part.square() @ precision.T - 2 * part @ (mu * precision).T
        parts.append((-0.5 * (distance + constant)).logsumexp(1))
    return torch.cat(parts) - math.log(len(mu))


@torch.no_grad()
def log_grey_mass(
    model: Autoencoder, samples: int, generator: torch.Generator | None = None
) -> float:
    """The log of the integral of "p(x)" over all grey images, pixels in [0, 1], if the
    cross-entropy of grey pixels is taken as -log p(x|z). For a density it would be 0.

    The integral over one pixel is tanh(l / 2) / l for the logit l, at most 1/2 (Loaiza-Ganem &
    Cunningham 2019). The integral over codes is the mean over z ~ p(z).
    """
    device = next(model.parameters()).device
    z = torch.empty(samples, model.latent_dim, device=device).normal_(generator=generator).double()
    parts = [log_pixel_mass(_logits(model, part)).sum(1) for part in z.split(ROWS)]
    return (torch.cat(parts).logsumexp(0) - math.log(samples)).item()


def log_pixel_mass(logits: Tensor) -> Tensor:
    """The log of the integral of p^x (1 - p)^(1 - x) over x in [0, 1], where p is the sigmoid of
    the logit; float64."""
    size = logits.double().abs().clamp(min=1e-6)  # the limit at 0 is log 1/2
    return torch.log(torch.tanh(size / 2) / size)


def _logits(model: Autoencoder, z: Tensor) -> Tensor:
    """(M, d) -> (M, D) in the network's own precision."""
    return model.decoder(z.to(next(model.parameters()).dtype)).flatten(1)


def _log_prior(z: Tensor) -> Tensor:
    return log_normal(z, torch.zeros_like(z), torch.zeros_like(z))
