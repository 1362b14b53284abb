"""Gradient estimators of the ELBO against a gradient that is integrated over z."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.nn import estimators
from aeviz.nn.estimators import Estimator, encoder_gradient, surrogate
from aeviz.nn.model import Autoencoder

X = torch.tensor([[1.0, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 0]]).reshape(3, 1, 2, 2)


def model() -> Autoencoder:
    """A VAE of four pixels and one dimension, away from a symmetric start."""
    config = RunConfig(type="vae").replace(
        **{"network.hidden": [3], "bottleneck.kind": "gaussian", "bottleneck.latent_dim": 1}
    )
    made = Autoencoder(config.replace(**{"network.activation": "tanh"}), (1, 2, 2))
    with torch.no_grad():
        for parameter in made.decoder.parameters():
            parameter.mul_(2.5)
    return made.double()


def integrated(made: Autoencoder, x: Tensor) -> Tensor:
    """The negative ELBO by Gauss-Hermite quadrature over eps, implemented independently."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    mu, logvar = made.posterior(x)
    assert logvar is not None
    total = mu.new_zeros(())
    for node, weight in zip(nodes, weights / math.sqrt(2 * math.pi), strict=True):
        p = made.decode(mu + torch.exp(logvar / 2) * float(node))
        log_p = torch.where(x > 0, p.log(), (1 - p).log()).flatten(1).sum(1)
        total = total - float(weight) * log_p.mean()
    q = torch.distributions.Normal(mu, torch.exp(logvar / 2))
    kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0))
    return total + kl.sum(1).mean()


def estimate(kind: Estimator, samples: int, seed: int = 0) -> tuple[Tensor, Tensor, float]:
    made = model()
    torch.manual_seed(seed)
    found, loss = surrogate(made, X.double(), kind, samples)
    gradient = encoder_gradient(made, found + 0.0)
    found, _ = surrogate(made, X.double(), kind, samples)
    decoder = torch.autograd.grad(found, [*made.decoder.parameters()])
    return gradient, torch.cat([part.flatten() for part in decoder]), loss.item()


def exact() -> tuple[Tensor, Tensor, float]:
    made = model()
    loss = integrated(made, X.double())
    gradient = encoder_gradient(made, integrated(made, X.double()))
    decoder = torch.autograd.grad(loss, [*made.decoder.parameters()])
    return gradient, torch.cat([part.flatten() for part in decoder]), loss.item()


def far(a: Tensor, b: Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("kind", ["pathwise", "score", "score-baseline"])
def test_the_mean_of_many_draws_is_the_integral(kind: Estimator) -> None:
    encoder, decoder, loss = estimate(kind, 200_000)
    true_encoder, true_decoder, true_loss = exact()
    assert far(encoder, true_encoder) < 0.06
    assert far(decoder, true_decoder) < 0.03
    assert loss == pytest.approx(true_loss, rel=0.01)


def test_a_gradient_that_is_cut_is_wrong_for_the_encoder_alone() -> None:
    encoder, decoder, _ = estimate("cut", 100_000)
    true_encoder, true_decoder, _ = exact()
    assert far(encoder, true_encoder) > 0.2
    assert far(decoder, true_decoder) < 0.03


def test_one_draw_has_a_baseline_too_and_stays_unbiased() -> None:
    """Copies of the images are a batch of single draws, and share the gradient of the images."""
    made, x = model(), X.double().repeat(100_000, 1, 1, 1)
    torch.manual_seed(0)
    found, _ = surrogate(made, x, "score-baseline", 1)
    assert far(encoder_gradient(made, found), exact()[0]) < 0.06


def test_the_trick_has_the_least_noise_and_the_baseline_less() -> None:
    spread = {}
    kinds: tuple[Estimator, ...] = ("pathwise", "score", "score-baseline")
    for kind in kinds:
        draws = torch.stack([estimate(kind, 4, seed)[0] for seed in range(60)])
        spread[kind] = draws.var(0).sum().item()
    assert spread["pathwise"] < spread["score-baseline"] < spread["score"]


def test_the_baseline_is_the_mean_of_the_others() -> None:
    f = torch.tensor([[1.0, 10], [2, 20], [6, 60]])
    assert estimators.others(f).tolist() == [[4, 40], [3.5, 35], [1.5, 15]]
    assert estimators.others(f[:1]).tolist() == [[10, 1]]
    assert estimators.others(f[:1, :1]).tolist() == [[0]]


def test_densities_are_scipys() -> None:
    z, mu, logvar = (
        torch.tensor([[0.5, -1.0]]),
        torch.tensor([[0.0, 1.0]]),
        torch.tensor([[0.0, 2]]),
    )
    expected = stats.norm.logpdf(0.5) + stats.norm.logpdf(-1, 1, math.e)
    assert estimators.log_normal(z, mu, logvar).item() == pytest.approx(expected, rel=1e-5)
    logits, x = torch.tensor([[2.0, -3.0]]), torch.tensor([[1.0, 0.0]])
    p = 1 / (1 + np.exp([-2.0, 3.0]))
    expected = -stats.bernoulli.logpmf([1, 0], p).sum()
    assert estimators.bernoulli_nll(logits, x).item() == pytest.approx(expected, rel=1e-5)


def test_every_estimator_gives_a_gradient() -> None:
    for kind in get_args(Estimator):
        assert torch.isfinite(estimate(kind, 1)[0]).all()
