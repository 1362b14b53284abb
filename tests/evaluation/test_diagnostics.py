from __future__ import annotations

import math

import pytest
import torch
from small_models import SHAPE, digits, linear_model

from aeviz.config import RunConfig
from aeviz.datasets import Split
from aeviz.evaluation import diagnostics
from aeviz.evaluation.diagnostics import (
    Diagnostics,
    active_dimensions,
    activity,
    diagnose,
    first_filters,
    histogram,
    singular_values,
)
from aeviz.nn.losses import contractive
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS, preset


def split(count: int = 20) -> Split:
    x, labels = digits()
    return Split((x[:count] * 255).round().to(torch.uint8), labels[:count])


def small(name: str, **settings: object) -> Autoencoder:
    config = preset(name).config.replace(**{"bottleneck.latent_dim": 5}, **settings)
    return Autoencoder(config, SHAPE).eval()


def test_a_linear_encoders_singular_values_are_those_of_its_matrix() -> None:
    basis = torch.linalg.qr(torch.randn(64, 3, generator=torch.Generator().manual_seed(0)))[0]
    model = linear_model(basis * torch.tensor([3.0, 0.5, 2.0]), torch.zeros(64))
    found = singular_values(model.encode, digits()[0][:4])
    torch.testing.assert_close(found, torch.tensor([3.0, 2.0, 0.5]))


def test_singular_values_are_averaged_over_images() -> None:
    # z = x^2 pixel by pixel: the Jacobian of an image is diag(2x)
    x = torch.zeros(2, 1, 1, 2)
    x[0, 0, 0], x[1, 0, 0] = torch.tensor([0.5, 0.1]), torch.tensor([0.2, 0.4])
    found = singular_values(lambda image: image.flatten(1).square(), x)
    torch.testing.assert_close(found, torch.tensor([(1.0 + 0.8) / 2, (0.2 + 0.4) / 2]))


def test_their_squares_sum_to_the_contractive_penalty() -> None:
    model, x = small("contractive"), digits()[0][:1]
    found = singular_values(model.encode, x).square().sum()
    torch.testing.assert_close(found, contractive(model.encode, x).detach())


def test_a_unit_that_ignores_the_image_has_no_kl_and_is_inactive() -> None:
    model = small("vae")
    with torch.no_grad():
        for head in (model.bottleneck.mu, model.bottleneck.logvar):
            head.weight[1], head.bias[1] = 0, 0  # mu = 0, sigma = 1: the prior itself
        model.bottleneck.mu.weight[0] *= 50
    found = diagnose(model, split())
    assert found.kl is not None
    assert found.variance is not None
    assert found.kl[1] == 0
    assert found.kl[0] > 0.01
    active = active_dimensions(found.variance)
    assert active[0]
    assert not active[1]


def test_a_constant_mean_costs_kl_but_is_inactive() -> None:
    model = small("vae")
    with torch.no_grad():
        model.bottleneck.mu.weight[2], model.bottleneck.mu.bias[2] = 0, 2
        model.bottleneck.logvar.weight[2], model.bottleneck.logvar.bias[2] = 0, 0
    found = diagnose(model, split())
    assert found.kl is not None
    assert found.variance is not None
    assert found.kl[2].item() == pytest.approx(2.0)  # mu^2 / 2
    assert not active_dimensions(found.variance)[2]


def test_the_threshold_of_activity_is_a_hundredth() -> None:
    assert active_dimensions(torch.tensor([0.0099, 0.0101])).tolist() == [False, True]


def test_activations_are_counted_by_hand() -> None:
    z = torch.tensor([[0.0, 0.0, 4.0], [0.0, 1.0, 2.5]])
    counts, bounds = histogram(z, bins=4)
    assert counts.tolist() == [3, 1, 1, 1]
    assert bounds.tolist() == [0, 4]
    share, never = activity(z, 0.5).tolist()
    assert share == pytest.approx(3 / 6)
    assert never == 1


def test_a_code_of_zeros_can_be_counted() -> None:
    counts, bounds = histogram(torch.zeros(3, 2), bins=4)
    assert counts.sum() == 6
    assert bounds.tolist() == [-0.5, 0.5]
    assert activity(torch.zeros(3, 2), 1e-3).tolist() == [0, 2]


def test_the_filters_of_a_dense_network_are_its_rows() -> None:
    basis = torch.arange(64 * 3.0).reshape(64, 3)
    filters = first_filters(linear_model(basis, torch.zeros(64)))
    assert filters is not None
    assert torch.equal(filters, basis.T.reshape(3, 1, 8, 8))


def test_the_filters_of_a_conv_network_are_its_kernels() -> None:
    model = small("convolutional", **{"network.channels": [50, 4]})
    filters = first_filters(model)
    assert filters is not None
    assert filters.shape == (36, 1, 3, 3)
    assert torch.equal(filters, next(iter(model.trunk)).weight[:36])
    assert diagnostics.first_layer_width(model) == 50


def test_filters_of_large_images_are_made_smaller() -> None:
    config = preset("linear").config.replace(**{"bottleneck.latent_dim": 2})
    model = Autoencoder(config, (3, 128, 96))
    with torch.no_grad():
        first = next(m for m in model.modules() if isinstance(m, torch.nn.Linear))
        first.weight.fill_(0.25)
    filters = first_filters(model)
    assert filters is not None
    assert filters.shape == (2, 3, 64, 48)
    assert torch.allclose(filters, torch.tensor(0.25))


@pytest.mark.parametrize("name", PRESETS)
def test_every_type_has_its_own_and_no_other(name: str) -> None:
    config: RunConfig = PRESETS[name].config
    model = Autoencoder(config.replace(**{"bottleneck.latent_dim": 6}), SHAPE).eval()
    found = diagnose(model, split())
    gaussian, sparse = name in ("vae", "beta-vae"), name in ("sparse", "sparse-kl")
    assert (found.kl is not None) == (found.variance is not None) == gaussian
    assert (found.histogram is not None) == (found.active is not None) == sparse
    assert (found.singular_values is not None) == (name == "contractive")
    assert found.filters is not None
    assert all(torch.isfinite(value).all() for value in found.tensors().values())
    if sparse:
        assert found.histogram is not None
        assert found.histogram.sum() == 20 * 6
    again = Diagnostics.of(found.tensors() | {"latents": torch.zeros(1)})
    assert again.tensors().keys() == found.tensors().keys()


def test_a_jacobian_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small("contractive")
    monkeypatch.setattr(diagnostics, "JACOBIAN_VALUES", 5 * 64)
    assert diagnose(model, split()).singular_values is not None  # of one image
    monkeypatch.setattr(diagnostics, "JACOBIAN_VALUES", 5 * 64 - 1)
    assert diagnose(model, split()).singular_values is None


def test_the_jacobian_of_a_tanh_is_its_slope() -> None:
    x = torch.full((1, 1, 1, 1), 0.3)
    found = singular_values(lambda image: torch.tanh(2 * image.flatten(1)), x)
    assert found.item() == pytest.approx(2 * (1 - math.tanh(0.6) ** 2), rel=1e-5)
