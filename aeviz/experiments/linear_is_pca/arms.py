"""The linear network, its plane beside PCA's, and the columns that span it."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation import metrics
from aeviz.experiments.fitting import first, pixels
from aeviz.experiments.linear_is_pca.parameters import HIDDEN, Parameters
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

HIDDEN_RATE = 0.004


def config(params: Parameters) -> RunConfig:
    """The Linear type of Train, with the chosen code size and ReLU.

    In float32: the three digits of bfloat16 would leave an angle of some degrees.
    """
    settings = settings_for("linear", params.dataset)
    changes = {"bottleneck.latent_dim": params.size, "training.precision": "fp32"}
    if params.relu == "code":
        changes |= {"bottleneck.activation": "relu"}
    if params.relu == "hidden":
        changes |= {
            "network.hidden": [HIDDEN],
            "network.activation": "relu",
            "training.lr": min(settings.training.lr, HIDDEN_RATE),
        }
    return settings.replace(**changes)


def plane(model: Autoencoder, z: Tensor) -> Tensor:
    """The decoder's Jacobian at the mean of the codes z (N, d): (D, d) on the CPU. It is the weight
    matrix if the decoder is linear, else what touches the decoder's surface there."""
    middle = z.mean(0).to(next(model.parameters()).device)
    jacobian = torch.func.jacfwd(lambda code: model.decode(code[None])[0].flatten())(middle)
    return jacobian.detach().cpu()


def rotated(columns: Tensor, x: Tensor) -> Tensor:
    """The directions within the span of `columns` (D, d) along which the images x (N, D) vary most,
    most first: (D, d) float64, orthonormal. PCA within the plane, and so a rotation of any
    orthonormal basis of it."""
    basis = torch.linalg.qr(columns.double()).Q
    inside = (x.double() - x.double().mean(0)) @ basis
    _, vectors = torch.linalg.eigh(inside.T @ inside)
    return basis @ vectors.flip(1)


def best_match(columns: Tensor, components: Tensor) -> float:
    """Mean over components (D, d) of the largest |cosine| to any column (D, k): 1 if each component
    is one of the columns."""
    units = torch.nn.functional.normalize(columns.double(), dim=0)
    return (components.T @ units).abs().amax(1).mean().item()


def in_order(columns: Tensor, components: Tensor) -> float:
    """Mean |cosine| of the i-th column and the i-th component, both (D, d)."""
    count = components.shape[1]
    units = torch.nn.functional.normalize(columns.double(), dim=0)[:, :count]
    return (components * units).sum(0).abs().mean().item()


@lru_cache(maxsize=2)
def images_of(name: str, images: int) -> Dataset:
    """The data set with its first training images only."""
    return first(datasets.load(name), images)


@lru_cache(maxsize=2)
def components_of(dataset: Dataset, size: int) -> Tensor:
    """The first principal components of the training images, (D, size)."""
    return metrics.pca_subspace(pixels(dataset.train), size)
