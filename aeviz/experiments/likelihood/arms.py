"""The VAE's settings, and the images with the chosen kind of pixels."""

from __future__ import annotations

from typing import Final, cast

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.datasets.binarised import Binarisation, binarised
from aeviz.experiments.likelihood.parameters import Parameters
from aeviz.presets.autoencoders import settings_for

HIDDEN: Final = 400
BATCH: Final = 100


def images_of(params: Parameters) -> Dataset:
    """The data set with the pixels that the experiment is about."""
    dataset = datasets.load(params.dataset)
    if params.pixels == "grey":
        return dataset
    return binarised(dataset, cast(Binarisation, params.pixels))


def config(params: Parameters, size: int) -> RunConfig:
    """One hidden layer of 400 units on each side, as in the published figures."""
    return settings_for("vae", params.dataset).replace(
        **{
            "network.hidden": [HIDDEN],
            "network.norm": "none",
            "bottleneck.latent_dim": size,
            "training.batch_size": BATCH,
            "training.lr": 0.002,
        }
    )
