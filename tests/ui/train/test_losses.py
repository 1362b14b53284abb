"""Losses in words: a sum is correct as displayed, and has the unit of its loss."""

from __future__ import annotations

import re

import pytest

from aeviz.presets.autoencoders import preset
from aeviz.ui.train.losses import excuse, named, summed

VAE, SPARSE = preset("vae").config, preset("sparse").config


def test_a_vaes_loss_is_reconstruction_and_kl() -> None:
    terms = {"loss": 177.3, "recon": 171.8, "kl": 5.5, "penalty": 0.0}
    assert summed(terms, VAE) == "177.3 nats per image = 171.8 reconstruction + 5.5 KL"


def test_a_weight_is_told() -> None:
    terms = {"loss": 50.0, "recon": 30.0, "kl": 5.0, "penalty": 0.0}
    text = summed(terms, VAE.replace(**{"loss.beta": 4}))
    assert text == "50.0 nats per image = 30.0 reconstruction + 20.0 KL (4 × 5.00)"
    terms = {"loss": 105.0, "recon": 102.0, "kl": 0.0, "penalty": 10.0}
    assert summed(terms, SPARSE.replace(**{"loss.weight": 0.3})).endswith(
        "102.0 reconstruction + 3.0 penalty (0.3 × 10.0)"
    )


def test_a_loss_without_other_terms_is_no_sum() -> None:
    terms = {"loss": 31.71, "recon": 31.71, "kl": 0.0, "penalty": 0.0}
    assert summed(terms, preset("linear").config) == "31.7 (squared error per image)"


@pytest.mark.parametrize(
    ("recon", "kl"),
    [
        (171.84, 5.54),
        (171.85, 5.55),
        (0.0123, 0.0456),
        (0.3349, 9.96),
        (1e4, 0.04),
        (0.0, 0.0),
        (1e-300, 0.0),
    ],
)
def test_the_sum_holds_on_the_page(recon: float, kl: float) -> None:
    text = summed({"loss": recon + kl, "recon": recon, "kl": kl, "penalty": 0.0}, VAE)
    total, first, second = (float(value) for value in re.findall(r"[\d.]+", text))
    assert total == pytest.approx(first + second, abs=1e-9)
    assert total == pytest.approx(recon + kl, rel=0.05, abs=1e-6)
    assert first == pytest.approx(recon, abs=0.051)


def test_a_part_is_not_rounded_otherwise_than_by_itself() -> None:
    """171.8 alone, and 171.8 or 171.84 in the sum: never 171.9."""
    text = summed({"loss": 177.38, "recon": 171.84, "kl": 5.54, "penalty": 0.0}, VAE)
    assert text == "177.38 nats per image = 171.84 reconstruction + 5.54 KL"


def test_nothing_is_said_of_a_loss_that_is_not_known() -> None:
    assert summed({}, VAE) == ""
    assert summed({"loss": 1.0, "recon": 1.0}, VAE) == ""
    assert summed({"loss": float("nan"), "recon": 1.0}, preset("standard").config) == ""
    assert summed({"loss": "many", "recon": 1.0}, preset("standard").config) == ""


def test_only_what_pays_for_more_than_rebuilding_has_an_excuse() -> None:
    for name in ("vae", "beta-vae", "sparse", "sparse-kl", "contractive"):
        assert excuse(preset(name).config)
    for name in ("standard", "linear", "deep", "convolutional", "overcomplete", "denoising"):
        assert not excuse(preset(name).config)


def test_an_error_has_the_name_of_its_kind() -> None:
    assert named(preset("linear").config) == ("squared error", "per image")
    assert named(VAE) == ("reconstruction error", "nats per image")
