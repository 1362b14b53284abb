"""The networks' settings, and PCA's points of rate and error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import torch
from torch import Tensor

from aeviz import pca
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.evaluation.evaluate import decode_all
from aeviz.evaluation.transform_coding import Decode, Transform, fit_transform, sensitivity
from aeviz.experiments.compression.codec import Codec, Point, best_points
from aeviz.experiments.compression.images import images_of
from aeviz.experiments.compression.parameters import Parameters
from aeviz.experiments.fitting import codes, fitted, pixels
from aeviz.nn.model import Autoencoder
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


@dataclass(frozen=True, eq=False)
class Encoder:
    """Codes of images, and what is needed to compress them: the codec without the images.
    `weights`: numbers that the receiver needs. `model`: the network, None for PCA."""

    encode: Callable[[Split], Tensor]
    decode: Decode
    transform: Transform
    weights: int
    train: Tensor
    model: Autoencoder | None = None

    def codec(self, dataset: Dataset, test: Split) -> Codec:
        """The codec with the codes of these images to choose with and to measure on."""
        return Codec(
            self.transform,
            self.decode,
            self.weights,
            self.train,
            self.encode(dataset.validation),
            self.encode(test),
        )


def trained(arm: str, params: Parameters, dataset: Dataset, seed: int) -> list[Encoder]:
    """The networks of an arm, trained on this data set."""
    found = []
    for config in configs(arm, params):
        model = fitted(config, dataset, params.steps, seed)
        weights = sum(w.numel() for w in model.decoder.state_dict().values())
        encode, decode = partial(codes, model), partial(decode_all, model)
        train = encode(dataset.train)
        transform = fit_transform(train, sensitivity(decode, train[:200]))
        found.append(Encoder(encode, decode, transform, weights, train, model))
    return found


@lru_cache(maxsize=8)
def pca_fitted(dataset: Dataset) -> list[Encoder]:
    """PCA with each number of components."""
    train = pixels(dataset.train)
    mean, basis = (
        part.float() for part in pca.fit_exact(train, min(PCA_SIZES[-1], len(train) - 1))
    )
    found = []
    for size in sorted({min(size, basis.shape[1]) for size in PCA_SIZES}):
        directions = basis[:, :size]

        def encode(split: Split, directions: Tensor = directions) -> Tensor:
            return (pixels(split) - mean) @ directions

        def decode(z: Tensor, directions: Tensor = directions) -> Tensor:
            return (z @ directions.T + mean).reshape(-1, *dataset.image_shape)

        z = encode(dataset.train)
        transform = fit_transform(z, torch.eye(size, dtype=torch.float64))
        found.append(Encoder(encode, decode, transform, directions.numel() + len(mean), z))
    return found


@lru_cache(maxsize=2)
def pca_points(dataset: Dataset, params: Parameters) -> list[Point]:
    """PCA's codec at the rates of the experiment, and at some between and beyond."""
    test = images_of(dataset, params.tested)
    codecs = [one.codec(dataset, test) for one in pca_fitted(dataset)]
    between = {rate * factor for rate in params.bits for factor in (0.5, 0.75, 1.0, 1.5, 2.0)}
    return best_points(codecs, sorted(between), dataset.validation, test)


def pca_curve(dataset: Dataset, params: Parameters) -> list[tuple[float, float]]:
    """PCA's error over the bits per image."""
    return [(one.file_bits, one.mse) for one in pca_points(dataset, params)]
