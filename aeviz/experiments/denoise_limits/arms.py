"""The networks' settings, the noisy images, and the rivals without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from aeviz import pca
from aeviz.config import CorruptionConfig, RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.validation import to_float
from aeviz.experiments.denoise_limits.parameters import FILTER, PCA, Parameters
from aeviz.experiments.fitting import pixels
from aeviz.experiments.photo_crops import photo_crops
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for
from aeviz.restoration.filters import median

Restore = Callable[[Tensor], Tensor]
"""Noisy images (N, C, H, W) in [0, 1] -> restored ones."""

COMPONENTS: Final = (4, 8, 16, 32, 64)
WINDOWS: Final = (3, 5)
MOST: Final = 2000
"""Test images that are measured, at most; and training images of the classifier."""


def config(arm: str, params: Parameters) -> RunConfig:
    """The settings of the denoiser; the plain network differs by its noise only."""
    settings = settings_for("denoising", params.dataset)
    if arm == "plain":
        return settings.replace(**{"corruption.kind": "none"})
    return settings.replace(
        **{"corruption.kind": params.kind, "corruption.amount": float(params.trained)}
    )


def noisy(params: Parameters, dataset: Dataset, amount: float, part: str = "test") -> Tensor:
    """The images of a split with this noise; the same noise for every arm and seed."""
    split = dataset.test if part == "test" else dataset.validation
    return corrupted(params, to_float(split.images[:MOST]), amount, int(part == "test"))


def corrupted(params: Parameters, x: Tensor, amount: float, seed: int = 0) -> Tensor:
    """Clean images x (N, C, H, W) with this amount of the chosen noise."""
    chance = torch.Generator().manual_seed(round(1e4 * amount) + seed)
    return corrupt(x, CorruptionConfig(params.kind, float(amount)), chance)  # type: ignore[arg-type]


def restored(model: Autoencoder, x: Tensor) -> Tensor:
    """The network's output for noisy images x (N, C, H, W)."""
    return torch.cat([reconstruct(model, part) for part in x.split(500)])


def kinds(dataset: Dataset) -> dict[str, Tensor]:
    """Clean images of the kind that the networks learned from, and of two that they did not, each
    (N, C, H, W) in [0, 1]."""
    x = to_float(dataset.test.images[:MOST])
    return {
        "test images": x,
        "black and white swapped": 1 - x,
        "photographs": photo_crops(dataset.image_shape),
    }


def percent_of(amount: float) -> str:
    """An amount of noise in words."""
    return f"{100 * amount:g} %"


def rivals(dataset: Dataset) -> dict[str, list[tuple[int, Restore]]]:
    """The median filter and PCA, each with all its sizes: (size, what restores with it)."""
    train = pixels(dataset.train)
    most = min(COMPONENTS[-1], len(train) - 1)
    mean, basis = (part.float() for part in pca.fit_exact(train, most))

    def filtered(size: int) -> Restore:
        return lambda x: median(x, size)

    def projected(size: int) -> Restore:
        directions = basis[:, :size]
        return lambda x: (
            ((x.flatten(1) - mean) @ directions @ directions.T + mean).clamp(0, 1).reshape(x.shape)
        )

    return {
        FILTER: [(size, filtered(size)) for size in WINDOWS],
        PCA: [(size, projected(size)) for size in COMPONENTS],
    }
