"""The table of types: complete, readable by a page, and every hyperparameter a real setting."""

from __future__ import annotations

import dataclasses
import math

import pytest

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.nn.model import check_size
from aeviz.presets.autoencoders import PRESETS, Hyperparameter, preset, settings_for
from aeviz.presets.defaults import FEW_IMAGES, epochs_for

EVERY = pytest.mark.parametrize("name", PRESETS)
HYPERPARAMETERS = [
    pytest.param(n, k, id=f"{n}-{k.key}") for n, p in PRESETS.items() for k in p.hyperparameters
]


def test_the_types_of_the_house_plan_are_there() -> None:
    assert set(PRESETS) >= {
        "standard", "linear", "deep", "convolutional", "overcomplete", "sparse", "sparse-kl",
        "contractive", "denoising", "vae", "beta-vae",
    }  # fmt: skip


@EVERY
def test_a_preset_says_what_it_is(name: str) -> None:
    row = PRESETS[name]
    assert row.name == name == row.config.type
    assert row.title
    assert row.formula
    assert row.idea.endswith(".")
    assert row.try_this[-1] in ".?"
    assert row.config.dataset in datasets.DATASETS


@EVERY
def test_a_preset_fits_its_data_set_and_mnist(name: str) -> None:
    config = PRESETS[name].config
    for shape in (datasets.DATASETS[config.dataset].image_shape, (1, 28, 28)):
        assert 1000 < check_size(config, shape) < 10_000_000


@EVERY
def test_a_preset_is_its_own_distinct_point_on_the_axes(name: str) -> None:
    axes = [
        (p.config.network, p.config.bottleneck, p.config.corruption, p.config.loss)
        for p in PRESETS.values()
    ]
    assert axes.count(axes[list(PRESETS).index(name)]) == 1


@pytest.mark.parametrize(("name", "setting"), HYPERPARAMETERS)
def test_a_hyperparameter_may_have_its_whole_range(name: str, setting: Hyperparameter) -> None:
    config = PRESETS[name].config
    group, key = setting.key.split(".")
    default = config.to_dict()[group][key]
    if setting.choices:
        assert default in setting.choices
    else:
        assert setting.low <= default <= setting.high
        assert setting.low > 0 or not setting.log
    for value in setting.choices or (setting.low, setting.high):
        assert config.replace(**{setting.key: value}).to_dict()[group][key] == value


SMALL = dataclasses.replace(datasets.DATASETS["digits"], name="small", counts=(96, 12, 12))


@EVERY
@pytest.mark.parametrize("images", [3, 96, 1297, 4000, 55_000])
def test_a_training_has_its_steps_whatever_the_number_of_images(name: str, images: int) -> None:
    source = dataclasses.replace(SMALL, counts=(images, 1, 1))
    row, training = PRESETS[name], PRESETS[name].on(source).training
    per_epoch = math.ceil(images / training.batch_size)
    assert row.steps <= training.epochs * per_epoch < row.steps + per_epoch
    assert per_epoch >= 3
    assert training.batch_size <= row.config.training.batch_size


def test_epochs_are_the_fewest_that_make_the_steps() -> None:
    assert [epochs_for(1200, images, 128) for images in (4000, 4096, 55_000)] == [38, 38, 3]
    assert epochs_for(100, 55_000, 128) == 1
    assert epochs_for(10**9, 3, 1) == 10_000  # as many as a configuration may have


def test_few_images_are_shifted_and_only_photographs_cropped() -> None:
    row = PRESETS["standard"]
    photographs = dataclasses.replace(SMALL, image_shape=(3, 32, 32))
    many = dataclasses.replace(SMALL, counts=(FEW_IMAGES, 1, 1))
    augmented = [row.on(source).training.augment for source in (SMALL, photographs, many)]
    assert augmented == ["shift", "crop-flip", "none"]
    # PCA, which a linear network is compared with, sees the images as they are
    assert PRESETS["linear"].on(SMALL).training.augment == "none"


@EVERY
def test_its_own_data_set_leaves_a_type_as_it_is(name: str) -> None:
    row = PRESETS[name]
    assert row.on(datasets.DATASETS[row.config.dataset]) == row.config


def test_settings_follow_the_pixels() -> None:
    """digits has 64 pixels for MNIST's 784, the photographs 3072."""
    photographs = dataclasses.replace(SMALL, image_shape=(3, 32, 32), counts=(4000, 1, 1))
    small, large = (
        {name: row.on(source) for name, row in PRESETS.items()}
        for source in (datasets.DATASETS["digits"], photographs)
    )
    assert (small["deep"].training.lr, large["deep"].training.lr) == (0.004, 0.001)
    assert large["convolutional"].training.lr == PRESETS["convolutional"].config.training.lr
    assert (small["sparse"].loss.weight, large["sparse"].loss.weight) == (0.4, 1.4)
    assert (small["sparse-kl"].loss.weight, large["sparse-kl"].loss.weight) == (0.16, 7.8)
    assert (small["contractive"].loss.weight, large["contractive"].loss.weight) == (0.0033, 7.7)
    assert (small["beta-vae"].loss.beta, large["beta-vae"].loss.beta) == (1, 2)


def test_a_code_is_narrower_than_its_images_and_than_few_of_them() -> None:
    row, digits = PRESETS["standard"], datasets.DATASETS["digits"]
    sizes = [row.on(source).bottleneck.latent_dim for source in (digits, SMALL)]
    photographs = dataclasses.replace(SMALL, image_shape=(3, 32, 32))
    sizes.append(row.on(photographs).bottleneck.latent_dim)
    assert sizes == [8, 8, 8]
    assert row.on(dataclasses.replace(SMALL, counts=(12, 1, 1))).bottleneck.latent_dim == 2
    assert PRESETS["overcomplete"].on(digits).bottleneck.latent_dim == 1024


def test_settings_follow_the_data_set() -> None:
    assert settings_for("vae") == PRESETS["vae"].config
    assert settings_for("vae", "mnist") == PRESETS["vae"].on(datasets.DATASETS["mnist"])
    assert settings_for("vae", "gone").dataset == "gone"
    with pytest.raises(UserError, match="no type called"):
        settings_for("transformer")


def test_overcomplete_is_wider_than_the_image_and_undercomplete_narrower() -> None:
    assert PRESETS["overcomplete"].config.bottleneck.latent_dim > 784
    assert PRESETS["standard"].config.bottleneck.latent_dim < 784 / 10


def test_an_unknown_type_is_a_sentence_with_the_names() -> None:
    with pytest.raises(UserError, match="Choose one of standard, linear, deep") as caught:
        preset("transformer" * 100)
    assert len(str(caught.value)) < 250
    assert preset("vae") is PRESETS["vae"]
