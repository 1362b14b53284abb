"""Estimators of the gradient of a VAE's negative ELBO, with and without reparameterisation.

The ELBO's expectation is over z ~ q(z|x), which depends on the encoder's weights. All estimators
agree on the gradient for the decoder and on that of the KL, which is exact. They differ in how the
reconstruction term -log p(x|z) moves the encoder. Pixels are black or white.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from aeviz.nn.entropy import softplus
from aeviz.nn.losses import kl
from aeviz.nn.model import Autoencoder

Estimator = Literal["pathwise", "score", "score-baseline", "cut"]
"""pathwise: z = mu + sigma eps, and the gradient passes through z (Kingma & Welling 2014, Rezende
et al. 2014). score: E[f grad log q], f = -log p(x|z) (Williams 1992). score-baseline: the same with
the mean of other draws subtracted from f. cut: the gradient ends at z, so only the KL moves the
encoder; this one is biased."""


def surrogate(
    model: Autoencoder,
    x: Tensor,
    kind: Estimator,
    samples: int,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """A scalar whose gradient estimates that of the negative ELBO (mean over the batch), and the
    negative ELBO itself, both from `samples` draws of z per image. x is (B, C, H, W)."""
    mu, logvar = model.posterior(x)
    assert logvar is not None, "only a Gaussian code is drawn"
    eps = torch.empty(samples, *mu.shape, device=mu.device).normal_(generator=generator)
    z = mu + torch.exp(0.5 * logvar) * eps  # (S, B, d)
    if kind != "pathwise":
        z = z.detach()
    f = bernoulli_nll(model.decoder(z.flatten(0, 1)).reshape(samples, len(x), -1), x.flatten(1))
    loss = f.mean() + kl(mu, logvar)
    if kind in ("pathwise", "cut"):
        return loss, loss.detach()
    weight = f.detach()
    if kind == "score-baseline":
        weight = weight - others(weight)
    return loss + (weight * log_normal(z, mu, logvar)).mean(), loss.detach()


def others(f: Tensor) -> Tensor:
    """A baseline for each of f (S, B): the mean of the other draws for the same image; with one
    draw, of the other images. It is independent of the draw itself, so the estimate stays unbiased
    (leave one out: Salimans & Knowles 2014, Kool et al. 2019)."""
    axis = 0 if len(f) > 1 else 1
    count = f.shape[axis]
    if count == 1:
        return torch.zeros_like(f)
    return (f.sum(axis, keepdim=True) - f) / (count - 1)


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) of black and white pixels, summed over the last axis; nats per image.

    log(1 + e^l) - x l for each pixel; logits (..., D) and x (D,) or (B, D) are broadcast.
    """
    return softplus(logits).sum(-1) - (logits * x).sum(-1)


def log_normal(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu, diag exp(logvar)), summed over the last axis; nats."""
    log_2pi = 1.8378770664093453
    return -0.5 * ((z - mu).square() * torch.exp(-logvar) + logvar + log_2pi).sum(-1)


def encoder_gradient(model: Autoencoder, loss: Tensor) -> Tensor:
    """The gradient of a scalar with respect to all weights of the encoder, as one row (P,)."""
    weights = [*model.trunk.parameters(), *model.bottleneck.parameters()]
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, weights)])
