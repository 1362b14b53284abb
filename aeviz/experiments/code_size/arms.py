"""PCA and the networks at one code size."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import Final

from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation import metrics
from aeviz.experiments.fitting import pixels
from aeviz.presets.autoencoders import settings_for

TYPES: Final = {"dense": "standard", "conv": "convolutional"}
"""Types of autoencoder that have another name than their arm."""
HIDDEN: Final = {
    ("dense", "small"): (128,),
    ("dense", "large"): (512, 256),
    ("vae", "small"): (256,),
    ("vae", "large"): (512, 256),
}
"""Units of the encoder's hidden layers by arm and network; the decoder mirrors them."""


def config(arm: str, dataset: str, size: int, network: str = "small") -> RunConfig:
    """The settings of a network: those of its type for the data set, with this code size."""
    settings = settings_for(TYPES.get(arm, arm), dataset)
    if (arm, network) in HIDDEN:
        settings = settings.replace(**{"network.hidden": HIDDEN[arm, network]})
    return settings.replace(**{"bottleneck.latent_dim": size})


@lru_cache(maxsize=2)
def components_of(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """The mean image and all principal components, (D,) and (D, k)."""
    train = pixels(dataset.train)
    return train.mean(0), metrics.pca_subspace(train, train.shape[1])


@lru_cache(maxsize=100)
def _pca_error(dataset: Dataset, count: int) -> float:
    """Test error per pixel of PCA with `count` components. Its images are clipped to [0, 1], as
    those of the networks are."""
    mean, basis = components_of(dataset)
    test = pixels(dataset.test).double()
    directions = basis[:, :count]
    x_hat = (test - mean) @ directions @ directions.T + mean
    return (test - x_hat.clamp(0, 1)).square().mean().item()


def pca_numbers(dataset: Dataset, mse: float) -> int:
    """The fewest components with which PCA's error is at most `mse`; one more than there are if
    none is enough. The error falls with each component."""
    most = components_of(dataset)[1].shape[1]
    return bisect_left(range(most + 1), -mse, key=lambda count: -_pca_error(dataset, count))
