"""The metrics of a model: each against its definition, and only those that apply."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from aeviz import datasets
from aeviz.config import CorruptionConfig, RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.errors import UserError
from aeviz.evaluation import disentanglement, metrics
from aeviz.evaluation.evaluate import (
    denoising,
    encode_all,
    evaluate,
    jacobian_norm,
    reconstruct,
)
from aeviz.evaluation.validation import batch_rows, to_float, validate
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS

SHAPE = (1, 8, 8)


def split(n: int, seed: int, factors: int = 0) -> Split:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, *SHAPE), generator=generator, dtype=torch.uint8)
    columns = torch.rand(n, factors, generator=generator) if factors else None
    return Split(images, torch.arange(n) % 3, columns)


def dataset(factors: tuple[str, ...] = (), test: Split | None = None) -> Dataset:
    """Noise: 80 images to train on, 20 to validate, 30 to test."""
    parts = [split(n, seed, len(factors)) for seed, n in enumerate((80, 20, 30))]
    train, validation, last = parts
    return Dataset("noise", "Noise", ("a", "b", "c"), factors, train, validation, test or last, "")


def model(name: str, **changes: object) -> Autoencoder:
    small = {"network.hidden": [], "network.channels": [4], "bottleneck.latent_dim": 5}
    return Autoencoder(PRESETS[name].config.replace(**small | changes), SHAPE).eval()


def test_figures_by_their_definitions() -> None:
    data, net = dataset(), model("standard")
    x = data.test.images.float() / 255
    figures = evaluate(net, data)
    with torch.no_grad():
        x_hat = net.decode(net.encode(x))
    bce = torch.nn.functional.binary_cross_entropy(x_hat, x).item()
    error = (x - x_hat).square().flatten(1).mean(1)
    assert figures["mse"] == pytest.approx(error.mean().item(), rel=1e-5)
    assert figures["mae"] == pytest.approx((x - x_hat).abs().mean().item(), rel=1e-5)
    assert figures["psnr"] == pytest.approx((-10 * error.log10()).mean().item(), rel=1e-5)
    assert figures["bce_per_pixel"] == pytest.approx(bce, rel=1e-5)
    assert figures["loss"] == figures["recon"] == pytest.approx(64 * bce, rel=1e-5)
    train = data.train.images.float() / 255
    assert figures["pca_mse"] == pytest.approx(metrics.pca_error(train, x, 5))
    assert 0 < figures["bce_floor_per_pixel"] < figures["bce_per_pixel"]
    assert all(math.isfinite(value) for value in figures.values())


def test_loss_is_reconstruction_plus_beta_kl() -> None:
    figures = evaluate(model("vae", **{"loss.beta": 3.0}), dataset())
    assert figures["kl"] > 0
    assert figures["loss"] == pytest.approx(figures["recon"] + 3 * figures["kl"], rel=1e-6)


def test_the_kl_is_the_analytic_one_over_the_whole_split() -> None:
    data, net = dataset(), model("vae")
    mu, logvar = encode_all(net, data.test)
    assert logvar is not None
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1).mean().item()
    assert evaluate(net, data)["kl"] == pytest.approx(kl, rel=1e-5)


APPLY = {
    "standard": set(),
    "linear": {"largest_angle_to_pca"},
    "deep": set(),
    "convolutional": set(),
    "overcomplete": set(),
    "sparse": {"penalty", "active_fraction"},
    "sparse-kl": {"penalty"},
    "contractive": {"penalty", "jacobian_norm"},
    "denoising": {"denoise"},
    "vae": {"kl", "active_units"},
    "beta-vae": {"kl", "active_units"},
}
OF_A_TYPE = set().union(*APPLY.values())


@pytest.mark.parametrize("name", PRESETS)
def test_only_figures_that_apply(name: str) -> None:
    figures = evaluate(model(name), dataset())
    assert figures.keys() & OF_A_TYPE == APPLY.get(name, set())
    assert ("bce_per_pixel" in figures) == (PRESETS[name].config.network.output == "sigmoid")
    assert "factor_scores" not in figures


@pytest.mark.parametrize(
    "changes",
    [
        {"network.hidden": [16]},
        {"network.kind": "conv"},
        {"network.kind": "conv", "network.hidden": [8]},
        {"bottleneck.latent_dim": 100},
    ],
)
def test_a_linear_type_given_other_settings_is_still_measured(changes: dict[str, object]) -> None:
    """The subspace is defined only for a single matrix; with more layers it is left out."""
    figures = evaluate(model("linear", **changes), dataset())
    assert ("largest_angle_to_pca" in figures) == (changes.keys() == {"bottleneck.latent_dim"})


def test_the_angle_to_pca_is_zero_for_pca_itself() -> None:
    data, net = dataset(), model("linear")
    basis = metrics.pca_subspace(to_float(data.train.images), 5)
    with torch.no_grad():
        net.get_parameter("decoder.0.weight").copy_(basis)
    assert evaluate(net, data)["largest_angle_to_pca"] < 0.01


def test_images_that_are_all_the_same_have_no_subspace_to_compare() -> None:
    data = dataset()
    data.train.images[:] = data.train.images[:1].clone()
    figures = evaluate(model("linear"), data)
    assert "largest_angle_to_pca" not in figures
    assert figures["pca_mse"] > 0


def test_active_fraction_of_a_code_that_is_half_silent() -> None:
    net = model("sparse", **{"bottleneck.latent_dim": 8})
    with torch.no_grad():
        net.get_parameter("bottleneck.code.weight").zero_()
        net.get_parameter("bottleneck.code.bias").copy_(torch.tensor([1.0, -1.0] * 4))
    assert evaluate(net, dataset())["active_fraction"] == 0.5


def test_factor_scores_find_the_factor_that_the_code_holds() -> None:
    """The first factor is the brightness of the image, which the first code unit copies."""
    data = dataset(("light", "nothing"))
    assert data.test.factors is not None
    data.test.factors[:, 0] = data.test.images.float().mean((1, 2, 3))
    net = model("standard", **{"bottleneck.latent_dim": 1})
    with torch.no_grad():
        net.get_parameter("bottleneck.code.weight").fill_(1.0)
        net.get_parameter("bottleneck.code.bias").zero_()
    scores = evaluate(net, data)["factor_scores"]
    assert scores["light"] == pytest.approx(1.0, abs=1e-3)
    assert scores["nothing"] < 0.6


def test_the_shape_factor_is_measured_by_mutual_information() -> None:
    data = dataset(("shape",))
    figures = evaluate(model("standard"), data)
    z, _ = encode_all(model("standard"), data.test)
    labels = data.test.labels.float()[:, None]
    share = disentanglement.mutual_information_shares(z, labels).max().item()
    assert figures["factor_scores"] == {"shape": pytest.approx(share)}
    assert figures["mig"] == pytest.approx(disentanglement.mig(z, labels))
    assert figures["factors"]["shape"]["mig"] == figures["mig"]


def test_a_collapsed_dimension_follows_no_factor() -> None:
    """Its mean ranks the images by their brightness, but has no information."""
    data = dataset(("light",))
    assert data.test.factors is not None
    data.test.factors[:, 0] = data.test.images.float().mean((1, 2, 3))
    net = model("vae", **{"bottleneck.latent_dim": 1})
    weight = net.get_parameter("bottleneck.mu.weight")
    with torch.no_grad():
        net.get_parameter("bottleneck.mu.bias").zero_()
        weight.fill_(1.0)
        alive = evaluate(net, data)
        weight.fill_(1e-4)
        collapsed = evaluate(net, data)
    assert alive["factor_scores"]["light"] == pytest.approx(1.0, abs=1e-3)
    assert collapsed["factor_scores"]["light"] == 0


def test_knn_needs_more_than_one_class() -> None:
    whole = split(30, 2)
    one_class = dataset(test=Split(whole.images, torch.zeros(30, dtype=torch.int64)))
    assert "knn_accuracy" not in evaluate(model("standard"), one_class)
    figures = evaluate(model("standard"), dataset())
    assert 0 <= figures["knn_accuracy"] <= 1
    assert 0 <= figures["knn_accuracy_pixels"] <= 1


def test_images_of_another_shape_are_a_sentence() -> None:
    with pytest.raises(UserError, match="has images of 1x8x8, but the model takes 1x28x28"):
        evaluate(Autoencoder(RunConfig(), (1, 28, 28)), dataset())


def test_denoising_before_and_after() -> None:
    net = model("denoising")
    x = to_float(dataset().test.images)
    figures = denoising(net, x, "masking", 0.5)
    x_noisy = corrupt(x, CorruptionConfig("masking", 0.5), torch.Generator().manual_seed(0))
    assert figures["psnr_noisy"] == metrics.psnr_value(x, x_noisy)
    assert figures["psnr"] == pytest.approx(metrics.psnr_value(x, reconstruct(net, x_noisy)))
    assert figures["ssim_noisy"] > figures["ssim"]  # untrained: it makes images worse
    nothing = denoising(net, x, "gaussian", 0.0)
    assert nothing["psnr_noisy"] == metrics.PSNR_CAP


def test_the_jacobian_norm_does_not_depend_on_how_images_are_batched() -> None:
    net = model("contractive")
    x = torch.rand(batch_rows(net) + 7, *SHAPE, generator=torch.Generator().manual_seed(0))
    one_by_one = sum(jacobian_norm(net, image[None]) for image in x) / len(x)
    assert jacobian_norm(net, x) == pytest.approx(one_by_one, rel=1e-5)


def test_validation_is_the_mean_over_images_whatever_the_batches() -> None:
    net, data = model("standard"), split(batch_rows(model("standard")) + 7, 0)
    x = to_float(data.images)
    with torch.no_grad():
        whole = net.loss(net(x), x, x, 1.0).total.item()
    assert validate(net, data)["loss"] == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("name", ["standard", "linear", "sparse", "denoising", "vae"])
def test_the_mse_is_that_of_clean_images_through_their_mean_codes(name: str) -> None:
    """It has the same unit for every loss, so it is comparable when the losses are not."""
    net, data = model(name), split(batch_rows(model("standard")) + 7, 0)
    x = to_float(data.images)
    with torch.no_grad():
        expected = (net.decode(net.encode(x)) - x).square().mean().item()
    assert validate(net, data)["mse"] == pytest.approx(expected, rel=1e-5)


def test_validation_is_repeatable_and_leaves_the_model_as_it_was() -> None:
    net, data = model("denoising", **{"network.dropout": 0.5, "network.hidden": [9]}), split(20, 0)
    before = torch.get_rng_state()
    first = validate(net, data)
    net.train()
    assert validate(net, data) == first
    assert net.training
    assert torch.equal(torch.get_rng_state(), before)


def test_to_float_covers_zero_to_one() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert to_float(images).tolist() == pytest.approx([0, 0.2, 1])
    assert images.tolist() == [0, 51, 255]


def test_a_real_data_set_end_to_end() -> None:
    figures = evaluate(model("vae"), datasets.load("digits"))
    assert figures["knn_accuracy"] > 0.3  # even random features separate digits
    assert figures["pca_mse"] < figures["mse"]


def test_large_images_are_measured_on_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """With bounds that admit half of the training images, PCA and the pixels' vote use half."""
    digits, network = datasets.load("digits"), model("vae")
    half = dataclasses.replace(digits, train=digits.train.take(slice(0, 640)))
    expected = evaluate(network, half)
    monkeypatch.setattr("aeviz.evaluation.evaluate.EXACT_PIXELS", 63)
    monkeypatch.setattr("aeviz.evaluation.evaluate.PIXEL_VALUES", 640 * 64)
    figures = evaluate(network, digits)
    for key in ("pca_mse", "knn_accuracy_pixels", "mse"):
        assert figures[key] == expected[key]
    assert figures["ssim"] == pytest.approx(expected["ssim"], rel=1e-6)
