"""The Gaussian code: how it is drawn, and that log sigma^2 stays within bounds."""

from __future__ import annotations

import math

import pytest
import torch

from aeviz.config import BottleneckConfig
from aeviz.nn import losses
from aeviz.nn.bottlenecks import LOGVAR_RANGE, Deterministic, Gaussian, reparameterize


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(latent_dim: int = 3) -> Gaussian:
    torch.manual_seed(0)
    return Gaussian(4, BottleneckConfig(kind="gaussian", latent_dim=latent_dim))


def test_reparameterize_has_the_mean_and_variance_asked_for() -> None:
    mu = torch.tensor([[2.0, -1.0]]).expand(200_000, 2)
    logvar = torch.tensor([[0.0, math.log(0.25)]]).expand(200_000, 2)
    z = reparameterize(mu, logvar, generator())
    assert z.mean(0).tolist() == pytest.approx([2.0, -1.0], abs=0.02)
    assert z.std(0).tolist() == pytest.approx([1.0, 0.5], rel=0.02)


def test_reparameterize_is_decided_by_its_generator() -> None:
    mu, logvar = torch.zeros(5, 3), torch.zeros(5, 3)
    first = reparameterize(mu, logvar, generator(1))
    assert torch.equal(first, reparameterize(mu, logvar, generator(1)))
    assert not torch.equal(first, reparameterize(mu, logvar, generator(2)))


def test_gradient_flows_through_the_draw() -> None:
    mu = torch.randn(3, 2, generator=generator(), dtype=torch.float64, requires_grad=True)
    logvar = torch.randn(3, 2, generator=generator(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m, s: reparameterize(m, s, generator()), (mu, logvar))


def test_analytic_kl_agrees_with_a_sampled_one() -> None:
    """KL = E_q[log q(z) - log p(z)], estimated from 400,000 draws."""
    mu, logvar = torch.tensor([[0.7, -1.5]]), torch.tensor([[-1.0, 0.4]])
    z = reparameterize(mu.expand(400_000, 2), logvar.expand(400_000, 2), generator())
    q = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    p = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    sampled = (q.log_prob(z) - p.log_prob(z)).sum(1).mean()
    assert losses.kl(mu, logvar).item() == pytest.approx(sampled.item(), rel=0.01)


@pytest.mark.parametrize("scale", [1e6, -1e6])
def test_logvar_is_clamped_so_that_the_kl_stays_finite(scale: float) -> None:
    bottleneck = gaussian()
    with torch.no_grad():
        bottleneck.logvar.weight.fill_(scale)
    code = bottleneck(torch.ones(2, 4), generator())
    assert code.logvar is not None
    assert set(code.logvar.flatten().tolist()) == {LOGVAR_RANGE[scale > 0]}
    assert torch.isfinite(code.z).all()
    assert math.isfinite(losses.kl(code.mu, code.logvar).item())


def test_without_sampling_the_code_is_the_mean() -> None:
    code = gaussian()(torch.rand(5, 4, generator=generator()), generator(), sample=False)
    assert torch.equal(code.z, code.mu)
    drawn = gaussian()(torch.rand(5, 4, generator=generator()), generator(), sample=True)
    assert torch.equal(drawn.mu, code.mu)
    assert not torch.equal(drawn.z, drawn.mu)


@pytest.mark.parametrize(
    ("activation", "expected"), [("none", -2.0), ("relu", 0.0), ("sigmoid", 1 / (1 + math.e**2))]
)
def test_deterministic_code_takes_its_activation(activation: str, expected: float) -> None:
    config = BottleneckConfig(latent_dim=1, activation=activation)  # type: ignore[arg-type]
    bottleneck = Deterministic(1, config)
    with torch.no_grad():
        bottleneck.code.weight.fill_(-2.0)
        bottleneck.code.bias.zero_()
    code = bottleneck(torch.ones(1, 1))
    assert code.z.item() == pytest.approx(expected)
    assert code.logvar is None
