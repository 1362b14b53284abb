"""The likelihood of a tiny VAE against integrals, and of its codes against scipy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.evaluation import likelihood
from aeviz.nn.model import Autoencoder


def vae(size: int, seed: int = 0, scale: float = 2.0) -> Autoencoder:
    """A VAE of 2 x 2 pixels with a nonlinear decoder and an approximate posterior."""
    config = RunConfig(type="vae").replace(
        **{
            "network.hidden": [5],
            "network.activation": "tanh",
            "bottleneck.kind": "gaussian",
            "bottleneck.latent_dim": size,
            "training.seed": seed,
        }
    )
    model = Autoencoder(config, (1, 2, 2))
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(scale)
    return model.double().eval()


def every_image() -> Tensor:
    return torch.tensor([*itertools.product((0.0, 1.0), repeat=4)]).reshape(16, 1, 2, 2).double()


def integrated(model: Autoencoder, x: Tensor) -> float:
    """p(x) by scipy's adaptive quadrature over the code, with its own formulas."""

    def integrand(*z: float) -> float:
        with torch.no_grad():
            p = model.decode(torch.tensor([z], dtype=torch.float64)).flatten().numpy()
        pixels = x.flatten().numpy()
        return float(np.prod(np.where(pixels > 0, p, 1 - p)) * np.prod(stats.norm.pdf(z)))

    options = {"epsabs": 1e-6, "limit": 40}
    ranges = [(-7.0, 7.0)] * model.latent_dim
    return float(integrate.nquad(integrand, ranges, opts=[options] * model.latent_dim)[0])


def test_the_grid_is_scipys_integral_for_one_number() -> None:
    model, images = vae(1), every_image()
    found = likelihood.log_marginal(model, images)
    for index in (0, 5, 15):
        assert found[index].item() == pytest.approx(
            math.log(integrated(model, images[index])), abs=1e-5
        )


def test_the_grid_of_two_numbers_sums_to_one_over_all_images() -> None:
    found = likelihood.log_marginal(vae(2), every_image(), step=0.1)
    assert found.exp().sum().item() == pytest.approx(1, abs=1e-6)
    assert found.exp().max() > 2 * found.exp().min()


def test_many_importance_samples_reach_the_integral() -> None:
    model, images = vae(2), every_image()
    generator = torch.Generator().manual_seed(0)
    log_w = likelihood.log_weights(model, images, 5_000, generator)
    assert log_w.dtype == torch.float64
    true = likelihood.log_marginal(model, images, step=0.1)
    found = likelihood.bounds(log_w, (1, 5, 50, 5_000))
    assert torch.allclose(found[:, 3], true, atol=0.06)
    assert (found[:, 0] < true - 0.02).all()  # the ELBO stays below
    assert (found.diff(dim=1).mean(0) > 0).all()  # and the bound rises


def test_the_gap_of_the_elbo_is_the_kl_to_the_true_posterior() -> None:
    model, images = vae(1), every_image()[3:4]
    generator = torch.Generator().manual_seed(0)
    elbo = likelihood.log_weights(model, images, 200_000, generator).mean().item()
    z = torch.arange(-8, 8, 0.001, dtype=torch.float64)[:, None]
    mu, logvar = (one.detach() for one in model.posterior(images))  # type: ignore[union-attr]
    with torch.no_grad():
        p = model.decode(z).flatten(1)
    pixels = images.flatten()
    joint = (p * pixels + (1 - p) * (1 - pixels)).prod(1) * torch.exp(-(z[:, 0] ** 2) / 2)
    true = joint / joint.sum() / 0.001
    q = torch.distributions.Normal(mu.item(), math.exp(logvar.item() / 2)).log_prob(z[:, 0])
    gap = ((q - true.log()) * q.exp()).nan_to_num().sum().item() * 0.001
    exact = likelihood.log_marginal(model, images).item()
    assert gap > 0.02
    assert exact - elbo == pytest.approx(gap, abs=0.01)


def test_bounds_by_hand() -> None:
    log_w = torch.tensor([[1.0, 3.0, 2.0, 8.0, 5.0]]).double().log()
    found = likelihood.bounds(log_w, (1, 2, 5))
    expected = [
        math.log(1 * 3 * 2 * 8 * 5) / 5,
        (math.log(2) + math.log(5)) / 2,  # the fifth has no partner
        math.log(19 / 5),
    ]
    assert found[0].tolist() == pytest.approx(expected)


def test_bounds_of_tiny_weights_stay_finite() -> None:
    log_w = torch.tensor([[-5000.0, -5001.0]], dtype=torch.float64)
    expected = -5000 + math.log((1 + math.exp(-1)) / 2)
    assert likelihood.bounds(log_w, (2,)).item() == pytest.approx(expected, abs=1e-9)


def test_the_mixture_is_scipys() -> None:
    generator = torch.Generator().manual_seed(0)
    mu, logvar = torch.randn(7, 3, generator=generator), torch.randn(7, 3, generator=generator)
    z = torch.randn(4, 3, generator=generator)
    expected = [
        np.log(
            np.mean(
                [
                    stats.multivariate_normal(m, np.diag(np.exp(v))).pdf(row)
                    for m, v in zip(mu.double().numpy(), logvar.double().numpy(), strict=True)
                ]
            )
        )
        for row in z.double().numpy()
    ]
    assert likelihood.log_mixture(z, mu, logvar).tolist() == pytest.approx(expected, rel=1e-9)


def test_a_sharp_mixture_keeps_its_digits() -> None:
    mu, logvar = torch.tensor([[3.0], [-3.0]]), torch.full((2, 1), -12.0)
    expected = stats.norm.logpdf(0, scale=math.exp(-6)) - math.log(2)
    assert likelihood.log_mixture(mu[:1], mu, logvar).item() == pytest.approx(expected, abs=1e-6)


def test_codes_of_a_collapsed_model_hold_nothing() -> None:
    zero = torch.zeros(50, 3)
    found = likelihood.code_information(zero, zero)
    assert (found.kl, found.aggregated, found.information) == pytest.approx((0, 0, 0), abs=1e-9)


def test_codes_far_apart_hold_the_number_of_the_image() -> None:
    mu = torch.arange(8.0)[:, None] * 100
    found = likelihood.code_information(mu, torch.zeros(8, 1), torch.Generator().manual_seed(0))
    assert found.information == pytest.approx(math.log(8))
    assert found.aggregated + found.information == pytest.approx(found.kl)


def test_codes_that_fill_the_prior_have_no_aggregated_kl() -> None:
    """Quantiles of N(0, 1 - s^2) with variance s^2 are N(0, 1) together."""
    mu = torch.from_numpy(stats.norm.ppf((np.arange(2000) + 0.5) / 2000))[:, None] * math.sqrt(0.75)
    found = likelihood.code_information(mu, torch.full((2000, 1), math.log(0.25)))
    assert found.aggregated < 0.05
    assert found.information == pytest.approx(math.log(2), abs=0.05)  # -log s


def test_only_some_codes_are_drawn_but_all_are_mixed() -> None:
    mu, logvar = torch.randn(500, 2), torch.zeros(500, 2) - 2
    few = likelihood.code_information(mu, logvar, torch.Generator().manual_seed(0), draws=200)
    all_of_them = likelihood.code_information(mu, logvar, torch.Generator().manual_seed(0))
    assert few.kl == all_of_them.kl
    assert few.aggregated == pytest.approx(all_of_them.aggregated, abs=0.2)


def test_the_mass_of_a_grey_pixel_is_scipys_integral() -> None:
    for logit in (-4.0, -0.3, 0.0, 1.5, 9.0):
        p = 1 / (1 + math.exp(-logit))
        mass = integrate.quad(lambda x, p=p: p**x * (1 - p) ** (1 - x), 0, 1)[0]
        found = likelihood.log_pixel_mass(torch.tensor([logit]))
        assert found.item() == pytest.approx(math.log(mass), abs=1e-9)


def test_grey_images_do_not_sum_to_one() -> None:
    """Four pixels, each at most 1/2."""
    found = likelihood.log_grey_mass(vae(2), 4_000, torch.Generator().manual_seed(0))
    assert found < -4 * math.log(2)
    flat = vae(2, scale=0.0)
    assert likelihood.log_grey_mass(flat, 10) == pytest.approx(-4 * math.log(2), abs=1e-6)
