"""The networks' settings, and PCA's points of rate and error."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from aeviz import pca
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.transform_coding import fit_transform
from aeviz.experiments.compression.codec import Codec, Point, best_points
from aeviz.experiments.compression.images import images_of
from aeviz.experiments.compression.parameters import Parameters
from aeviz.experiments.fitting import pixels
from aeviz.presets.autoencoders import settings_for

PCA_SIZES: Final = (16, 64, 256)
BETAS: Final = (1.0, 0.1)


def configs(arm: str, params: Parameters) -> list[RunConfig]:
    """The networks among which the validation images choose: each size, and of a VAE each beta."""
    settings = settings_for({"dense": "deep"}.get(arm, arm), params.dataset)
    settings = settings.replace(**{"network.hidden": [256]})
    sized = [settings.replace(**{"bottleneck.latent_dim": size}) for size in params.sizes]
    if arm != "vae":
        return sized
    return [one.replace(**{"loss.beta": beta}) for one in sized for beta in BETAS]


@lru_cache(maxsize=2)
def pca_points(dataset: Dataset, params: Parameters) -> list[Point]:
    """PCA's codec at the rates of the experiment, and at some between and beyond."""
    train = pixels(dataset.train)
    test = images_of(dataset, params.tested)
    mean, basis = (
        part.float() for part in pca.fit_exact(train, min(PCA_SIZES[-1], len(train) - 1))
    )
    codecs = []
    for size in sorted({min(size, basis.shape[1]) for size in PCA_SIZES}):
        directions = basis[:, :size]

        def decode(z: Tensor, directions: Tensor = directions) -> Tensor:
            return (z @ directions.T + mean).reshape(-1, *dataset.image_shape)

        parts = [
            (pixels(split) - mean) @ directions
            for split in (dataset.train, dataset.validation, test)
        ]
        transform = fit_transform(parts[0], torch.eye(size, dtype=torch.float64))
        codecs.append(Codec(transform, decode, directions.numel() + len(mean), *parts))
    between = {rate * factor for rate in params.bits for factor in (0.5, 0.75, 1.0, 1.5, 2.0)}
    return best_points(codecs, sorted(between), dataset.validation, test)


def pca_curve(dataset: Dataset, params: Parameters) -> list[tuple[float, float]]:
    """PCA's error over the bits per image."""
    return [(one.file_bits, one.mse) for one in pca_points(dataset, params)]
