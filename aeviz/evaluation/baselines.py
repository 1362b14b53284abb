"""What a run's loss is to be compared with: PCA, the entropy of grey levels, published figures.

Every value is a mean per image over the validation images, in the unit of the run's own curve.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

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
EXACT_PIXELS = 1024
"""Up to here the covariance is decomposed exactly, which takes a second; above, by random
projections (Halko et al. 2011)."""

HALF_LEVEL = 0.5 / 255
"""BCE of a prediction of exactly 0 or 1 can be infinite, so PCA's stay half a grey level inside."""

CLOSE = 0.01
"""Shares of a value that count as no difference."""


@dataclass(frozen=True)
class Baseline:
    """One value to compare a term of the loss with, and what to say of it.

    `term` names the curve, recon or loss; `title` is its label there. ValueError where the value
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
    """A figure from the literature, for the runs that are like the one it was measured on."""

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
            "Reconstruction and KL together, PyTorch's own example of this VAE is at 105.6 after "
            "10 epochs, on the test images.",
            "github.com/pytorch/examples, vae",
        ),
    ),
)


def baselines(config: RunConfig, train: Tensor, validation: Tensor) -> list[Baseline]:
    """All that apply to the run; images are uint8 (N, C, H, W). Nothing for photographs."""
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


def answer(
    reached: Mapping[str, float], found: Sequence[Baseline], error: str, unit: str, excuse: str = ""
) -> str:
    """ "Is this good?" in words, for validation terms `reached` (recon, loss, ...).

    `error`: what the reconstruction term is called, in `unit`; `excuse`: a sentence on what PCA
    need not do and the network has to, "" where both are asked for the same.
    """
    recon = reached["recon"]
    by_key = {baseline.key: baseline for baseline in found}
    said = f"on the validation images its {error} is {told(recon)} {unit}"
    floor, pca = by_key.get("floor"), by_key.get("pca")
    at_floor = floor is not None and recon <= floor.value * (1 + CLOSE)
    if at_floor:
        sentences = [f"Yes: {said}."]
    elif pca:
        sentences = [f"{_verdict(recon, pca.value, excuse)}: {said}.", pca.sentence]
        if excuse and recon > pca.value * (1 + CLOSE):
            sentences.append(excuse)
    else:
        sentences = [f"{said[0].upper()}{said[1:]}."]
    if floor:
        sentences.append(f"No network can get below {told(floor.value)}.")
    if published := by_key.get("published"):
        sentences.append(published.sentence)
        if published.term != "recon":
            sentences.append(f"This one is at {told(reached[published.term])}.")
    return " ".join(sentences)


def prospect(losses: Sequence[float]) -> str:
    """What more epochs promise a training that has ended, by its validation loss after each; ""
    where they promise nothing. The whole loss: early stopping, too, goes by it."""
    if len(losses) < 2 or losses[-1] >= losses[-2] * (1 - CLOSE):
        return ""
    fallen = 1 - losses[-1] / losses[-2]
    return f"It was still improving, by {fallen:.0%} in the last epoch: train longer."


def told(value: float) -> str:
    """A loss as a sentence and a label give it."""
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _verdict(recon: float, pca: float, excuse: str) -> str:
    if recon < pca * (1 - CLOSE):
        return "Yes, better than PCA"
    if recon <= pca * (1 + CLOSE):
        return "It is as good as PCA"
    return "Not by this figure alone" if excuse else "Not yet"


def _pca_sentence(value: float, config: RunConfig) -> str:
    """What PCA reaches with as many numbers as the code, and what that is worth."""
    size = config.bottleneck.latent_dim
    noisy = config.corruption.kind != "none"
    said = f"PCA with {_numbers(size)} is at {told(value)}"
    if noisy:
        said += " from the same noisy images"
    if config.loss.reconstruction == "mse" and not noisy:
        said += ": on the images that it is fitted to, no linear code of this size does better"
    return f"{said}."


def _numbers(count: int) -> str:
    return f"{count:,} number{'s' * (count != 1)}"


def keep(path: Path, config: RunConfig, dataset: Dataset) -> None:
    """Writes the run's baselines, once. Nothing that goes wrong here may end a training."""
    if path.exists() or not path.parent.is_dir():
        return
    found: list[Baseline] = []
    try:
        found = baselines(config, dataset.train.images, dataset.validation.images)
    except (RuntimeError, ValueError, MemoryError) as error:
        log.warning("The run has no baselines: %s", error)
    with contextlib.suppress(UserError):  # a full disk is told by what else is saved
        atomic.write_bytes(path, json.dumps([asdict(row) for row in found], indent=1).encode())


def read(path: Path, config: RunConfig) -> list[Baseline]:
    """What `keep` wrote for this run; nothing where it has not (yet), or the file is damaged."""
    try:
        rows = json_file.parse(path.read_bytes())
        found = [json_file.build(Baseline, row) for row in rows]
    except (OSError, ValueError, TypeError):
        return []
    # An older aeviz called PCA the best linear code, whatever the loss.
    return [
        replace(row, sentence=_pca_sentence(row.value, config)) if row.key == "pca" else row
        for row in found
    ]


@torch.no_grad()
def _pca(config: RunConfig, train: Tensor, validation: Tensor) -> Baseline:
    """PCA with as many numbers as the code, fitted to clean images; it is given what the network is
    given, so noisy images where those are noisy."""
    size, loss = config.bottleneck.latent_dim, RECONSTRUCTIONS[config.loss.reconstruction]
    most = min(MAX_IMAGES, MAX_VALUES // train[0].numel())
    mean, basis = _fit(to_float(train[:most]).flatten(1), size)
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


def _fit(x: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Mean (D,) and the leading principal directions (D, size) of x (N, D)."""
    mean = x.mean(0)
    if min(x.shape) <= EXACT_PIXELS:
        return mean, metrics.pca_subspace(x, size).float()
    with torch.random.fork_rng(devices=[]):  # the training's own random numbers stay as they are
        torch.manual_seed(0)
        rank = min(size + 16, *x.shape)
        return mean, torch.pca_lowrank(x, rank, niter=3)[2][:, :size]


def _floor(validation: Tensor) -> Baseline:
    per_pixel = metrics.entropy_floor(to_float(validation))
    value = per_pixel * validation[0].numel()
    levels = "colours" if validation.shape[1] == 3 else "grey levels"
    return Baseline(
        "floor",
        "recon",
        value,
        "entropy floor",
        f"No network can come below {told(value)} ({per_pixel:.4f} per pixel), the entropy of the "
        f"{levels}.",
    )
