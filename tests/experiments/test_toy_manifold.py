"""Denoising in the plane, against values computed by hand."""

from __future__ import annotations

import dataclasses
import math

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
    way = toy_manifold.way_back("circle", 0.2)
    before = (way.noisy - best("circle", way.noisy, 0.2)).square().sum(1).mean().sqrt().item()
    assert way.gap < 0.15 * before
    assert way.away_after < 0.4 * way.away_before
    assert way.away_before == pytest.approx(distance("circle", way.noisy).mean().item())


def test_the_blob_is_one_number_and_has_no_line() -> None:
    way = toy_manifold.way_back(BLOB, 0.6)
    assert way.slope == pytest.approx(0.5, abs=0.02)
    assert math.isnan(way.away_after)


def test_the_same_seed_trains_the_same_network() -> None:
    x = draw("spiral", 50, torch.Generator().manual_seed(3))
    first, second = (toy_manifold.train("spiral", 0.2, steps=20) for _ in range(2))
    other = toy_manifold.train("spiral", 0.2, steps=20, seed=1)
    assert torch.equal(toy_manifold.restore(first, x), toy_manifold.restore(second, x))
    assert not torch.equal(toy_manifold.restore(first, x), toy_manifold.restore(other, x))
