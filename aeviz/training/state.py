"""TrainingState: the complete state of a training, and how to create one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch

from aeviz.config import RunConfig, TrainingConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.nn.model import Autoencoder
from aeviz.training.cpu.dynamo import skip_dynamo
from aeviz.training.early_stopping import Best
from aeviz.training.precision import choose


@dataclass
class TrainingState:
    """The state of a training; saving and restoring it continues the training exactly.

    `images`: samples processed so far, in `seconds` of training. `validation`: the terms at the end
    of `epoch`. `least_loss`: the lowest loss so far; divergence is judged against it. `best`: the
    epoch that early stopping would keep.
    """

    model: Autoencoder
    optimizer: torch.optim.Optimizer
    order: torch.Generator  # the order of the data and augmentation, on the CPU
    noise: torch.Generator  # corruption and eps, on the device
    epoch: int = 0
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    least_loss: float = math.inf
    validation: dict[str, float] | None = None
    best: Best | None = None

    @property
    def precision(self) -> Literal["fp32", "bf16"]:
        """The configured precision; for `auto`, the faster one."""
        device = next(self.model.parameters()).device
        return choose(self.model.config, self.model.image_shape, device)


def begin(config: RunConfig, dataset: Dataset, device: torch.device) -> TrainingState:
    """A new state. Weights, data order and noise follow from the configured seed."""
    check_batches(config, len(dataset.train))
    seed = config.training.seed
    model = Autoencoder(config, dataset.image_shape).to(device)
    return TrainingState(
        model,
        make_optimizer(model, config.training, device),
        torch.Generator().manual_seed(seed + 1),
        torch.Generator(device).manual_seed(seed + 2),
    )


def make_optimizer(
    model: Autoencoder, config: TrainingConfig, device: torch.device
) -> torch.optim.Optimizer:
    """Adam, AdamW or SGD (with momentum 0.9) over the weights of `model`."""
    skip_dynamo()
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    extra: dict[str, Any] = (
        {"momentum": 0.9} if config.optimizer == "sgd" else {"betas": (0.9, config.beta2)}
    )
    return kinds[config.optimizer](
        model.parameters(),
        lr=config.lr,
        weight_decay=config.weight_decay,
        fused=device.type in ("cpu", "cuda"),
        **extra,
    )


def check_batches(config: RunConfig, images: int) -> None:
    """Raise UserError if batch norm would get a batch of one of so many training images."""
    if leaves_one(config, images):
        raise UserError(
            "Batch normalisation needs at least two images at a time, and batches of "
            f"{config.training.batch_size} leave one by itself. Use another batch size.",
            "training.batch_size",
        )


def leaves_one(config: RunConfig, images: int) -> bool:
    """Whether batch norm would get a single image, which has no variance."""
    size = config.training.batch_size
    return config.network.norm == "batch" and 1 in (size, images % size)


def steps_per_epoch(images: int, config: TrainingConfig) -> int:
    """Batches in one pass over so many images; the last may be smaller."""
    return math.ceil(images / config.batch_size)
