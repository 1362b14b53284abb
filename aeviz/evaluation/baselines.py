"""Baselines for a run's loss: PCA, the entropy of grey levels, published figures.

Every value is a mean per image over the validation images, in the unit of the run's own curve. Its
sentence is part of the file format (docs/run-folder.md); the page's own words are in
`aeviz.ui.train.verdict`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from aeviz import pca
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.evaluation.validation import to_float
from aeviz.io import atomic, json_file
from aeviz.nn.corruptions import corrupt
from aeviz.nn.losses import RECONSTRUCTIONS

log = logging.getLogger(__name__)

MAX_IMAGES = 10_000
MAX_VALUES = 32_000_000
HALF_LEVEL = 0.5 / 255
"""BCE of a prediction of exactly 0 or 1 can be infinite, so PCA's predictions are clipped to half a
grey level inside."""


@dataclass(frozen=True)
class Baseline:
    """One value to compare a term of the loss with, and a sentence about it.

    `term` names the curve, recon or loss; `title` is its label there. ValueError if the value
    is not finite.
    """

    key: Literal["pca", "floor", "published"]
    term: Literal["recon", "loss"]
    value: float
    title: str
    sentence: str
    source: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"{self.key} has no value")


@dataclass(frozen=True)
class Published:
    """A figure from the literature, for runs with the settings it was measured with."""

    applies: Callable[[RunConfig], bool]
    baseline: Baseline


def _plain_mnist(config: RunConfig) -> bool:
    return (
        config.dataset == "mnist"
        and config.corruption.kind == "none"
        and config.loss.penalty == "none"
    )


def _is_hintons(config: RunConfig) -> bool:
    return (
        _plain_mnist(config)
        and config.loss.reconstruction == "mse"
        and config.bottleneck.kind == "deterministic"
        and config.bottleneck.latent_dim == 30
    )


def _is_pytorchs(config: RunConfig) -> bool:
    return (
        _plain_mnist(config)
        and config.loss.reconstruction == "bce"
        and config.loss.beta == 1
        and config.bottleneck.kind == "gaussian"
        and config.bottleneck.latent_dim == 20
        and config.network.kind == "dense"
        and config.network.hidden == (400,)
    )


PUBLISHED = (
    Published(
        _is_hintons,
        Baseline(
            "published",
            "recon",
            3.0,
            "Hinton 2006",
            "Hinton & Salakhutdinov (2006) report 3.00 on the test images, with hidden layers of "
            "1000, 500 and 250 nodes.",
            "Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, "
            "Science 313, 2006, figure 2B",
        ),
    ),
    Published(
        _is_pytorchs,
        Baseline(
            "published",
            "loss",
            105.6,
            "PyTorch's example",
            "PyTorch's own example of this VAE reaches 105.6 (reconstruction plus KL) after 10 "
            "epochs, on the test images.",
            "github.com/pytorch/examples, vae",
        ),
    ),
)


def baselines(config: RunConfig, train: Tensor, validation: Tensor) -> list[Baseline]:
    """The baselines that apply to the run; images are uint8 (N, C, H, W). None for photographs."""
    loss = config.loss.reconstruction
    if config.network.kind == "unet" or loss == "log-mse":
        return []
    found = []
    size = config.bottleneck.latent_dim
    if size < min(len(train), train[0].numel()):  # above, PCA copies every image
        found.append(_pca(config, train, validation))
    if loss == "bce":
        found.append(_floor(validation))
    return [*found, *(row.baseline for row in PUBLISHED if row.applies(config))]


def as_text(value: float) -> str:
    """A loss as text, for sentences and labels."""
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _pca_sentence(value: float, config: RunConfig) -> str:
    """The value that PCA reaches with as many components as the code has dimensions, and what it
    means."""
    size = config.bottleneck.latent_dim
    noisy = config.corruption.kind != "none"
    sentence = f"PCA with {_numbers(size)} is at {as_text(value)}"
    if noisy:
        sentence += " from the same noisy images"
    if config.loss.reconstruction == "mse" and not noisy:
        sentence += ": on the images that it is fitted to, no linear code of this size does better"
    return f"{sentence}."


def _numbers(count: int) -> str:
    return f"{count:,} number{'s' * (count != 1)}"


def keep(path: Path, config: RunConfig, dataset: Dataset) -> None:
    """Write the run's baselines, once. Errors are logged: they must not end a training."""
    if path.exists() or not path.parent.is_dir():
        return
    found: list[Baseline] = []
    try:
        found = baselines(config, dataset.train.images, dataset.validation.images)
    except (RuntimeError, ValueError, MemoryError) as error:
        log.warning("The run has no baselines: %s", error)
    with contextlib.suppress(UserError):  # a full disk is reported when the model is saved
        atomic.write_bytes(path, json.dumps([asdict(row) for row in found], indent=1).encode())


def read(path: Path, config: RunConfig) -> list[Baseline]:
    """The baselines that `keep` wrote for this run; none if it has not (yet), or the file is
    damaged."""
    try:
        rows = json_file.parse(path.read_bytes())
        found = [json_file.build(Baseline, row) for row in rows]
    except (OSError, ValueError, TypeError):
        return []
    # Sentences from older versions called PCA the best linear code for any loss.
    return [
        replace(row, sentence=_pca_sentence(row.value, config)) if row.key == "pca" else row
        for row in found
    ]


@torch.no_grad()
def _pca(config: RunConfig, train: Tensor, validation: Tensor) -> Baseline:
    """PCA with as many components as the code has dimensions, fitted to clean images. Its input is
    the network's: noisy images for a denoiser."""
    size, loss = config.bottleneck.latent_dim, RECONSTRUCTIONS[config.loss.reconstruction]
    count = min(MAX_IMAGES, MAX_VALUES // train[0].numel())
    mean, basis = pca.fit(to_float(train[:count]).flatten(1), size)
    noise = torch.Generator().manual_seed(0)
    total = 0.0
    for batch in validation.split(500):
        x = to_float(batch)
        centred = corrupt(x, config.corruption, noise).flatten(1) - mean
        x_hat = (mean + centred @ basis @ basis.T).view_as(x)
        raw = torch.logit(x_hat, HALF_LEVEL) if config.loss.reconstruction == "bce" else x_hat
        total += loss(raw, x, "linear").item() * len(x)
    value = total / len(validation)
    return Baseline(
        "pca", "recon", value, f"PCA with {_numbers(size)}", _pca_sentence(value, config)
    )


def _floor(validation: Tensor) -> Baseline:
    per_pixel = metrics.entropy_floor(to_float(validation))
    value = per_pixel * validation[0].numel()
    levels = "colours" if validation.shape[1] == 3 else "grey levels"
    return Baseline(
        "floor",
        "recon",
        value,
        "entropy floor",
        f"No network can get below {as_text(value)} ({per_pixel:.4f} per pixel), the entropy of "
        f"the {levels}.",
    )
