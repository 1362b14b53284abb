"""Denoising in the plane, against values computed by hand."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from aeviz.config import NetworkConfig
from aeviz.experiments import toy_manifold
from aeviz.experiments.toy_manifold import BLOB, CURVES, SPREAD, best, curve, distance, draw

every_curve = pytest.mark.parametrize("shape", CURVES)


@every_curve
def test_places_lie_evenly_along_a_curve_that_fits_the_picture(shape: str) -> None:
    for piece in curve(shape):
        steps = (piece[1:] - piece[:-1]).norm(dim=1)
        assert steps.max() < 1.02 * steps.min()
        assert piece.abs().max() < 1.5


def test_distance_to_the_circle_is_the_radius_but_for_one() -> None:
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.6, 0.8]])
    assert distance("circle", x).tolist() == pytest.approx([1, 4, 0], abs=1e-3)


def test_the_best_answer_in_the_middle_of_the_circle_is_the_middle() -> None:
    assert best("circle", torch.zeros(1, 2), 0.3).norm().item() < 0.01


def test_the_best_answer_to_little_noise_is_the_nearest_place() -> None:
    x = torch.tensor([[1.05, 0.0]])
    assert best("circle", x, 0.03)[0].tolist() == pytest.approx([1, 0], abs=2e-3)


def test_the_best_answer_follows_the_gradient_of_the_density() -> None:
    """r*(x) - x = sigma^2 grad log p_sigma(x), the gradient taken by automatic differentiation."""
    sigma, places = 0.25, torch.cat(curve("spiral"))
    x = torch.tensor([[0.3, -0.7], [-1.1, 0.4], [0.0, 0.1]], requires_grad=True)
    log_density = (-torch.cdist(x, places).square() / (2 * sigma**2)).logsumexp(1)
    (score,) = torch.autograd.grad(log_density.sum(), x)
    moved = best("spiral", x.detach(), sigma) - x.detach()
    assert torch.allclose(moved, sigma**2 * score, atol=1e-4)


@pytest.mark.parametrize("sigma", [0.3, 0.6])
def test_a_linear_denoiser_learns_the_wiener_shrinkage(sigma: float) -> None:
    """For x ~ N(0, s^2 I) the optimum is x s^2 / (s^2 + sigma^2): 0.8 and 0.5 here."""
    linear = NetworkConfig(hidden=(), activation="none", output="linear", init="glorot")
    settings = dataclasses.replace(toy_manifold.config(sigma), network=linear)
    model = toy_manifold.train(BLOB, sigma, steps=800, settings=settings)
    answers = toy_manifold.restore(model, torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    jacobian = answers[1:] - answers[0]
    exact = SPREAD**2 / (SPREAD**2 + sigma**2)
    assert exact == pytest.approx({0.3: 0.8, 0.6: 0.5}[sigma])
    assert torch.allclose(jacobian, exact * torch.eye(2), atol=0.05)
    assert answers[0].norm().item() < 0.05


def test_the_network_comes_close_to_the_best_answer_on_the_circle() -> None:
    model = toy_manifold.train("circle", 0.2)
    chance = torch.Generator().manual_seed(1)
    clean = draw("circle", 2000, chance)
    noisy = clean + 0.2 * torch.randn(clean.shape, generator=chance)
    restored, optimum = toy_manifold.restore(model, noisy), best("circle", noisy, 0.2)
    before, gap = ((x - optimum).square().sum(1).mean().sqrt() for x in (noisy, restored))
    assert gap < 0.15 * before
    away = distance("circle", restored).mean()
    assert away < 0.4 * distance("circle", noisy).mean()


def test_the_same_seed_trains_the_same_network() -> None:
    x = draw("spiral", 50, torch.Generator().manual_seed(3))
    first, second = (toy_manifold.train("spiral", 0.2, steps=20) for _ in range(2))
    other = toy_manifold.train("spiral", 0.2, steps=20, seed=1)
    assert torch.equal(toy_manifold.restore(first, x), toy_manifold.restore(second, x))
    assert not torch.equal(toy_manifold.restore(first, x), toy_manifold.restore(other, x))
