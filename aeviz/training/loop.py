"""The training loop, to be read from top to bottom.

Images stay in memory as uint8 on the device; a batch is one gather, one conversion and one pass
forwards and back (`aeviz.training.cpu.microbatches`). `train` is a generator: it yields after
every step, so the caller decides what to show, what to save and when to stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from aeviz.config import RunConfig, TrainingConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.evaluation.validation import to_float, validate
from aeviz.nn.corruptions import corrupt
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training.cpu.microbatches import learner
from aeviz.training.cpu.optimizer_step import spare_the_compiler
from aeviz.training.divergence import DivergedError, Guard
from aeviz.training.early_stopping import Best
from aeviz.training.precision import choose
from aeviz.training.schedules import beta_at, learning_rate


@dataclass
class TrainingState:
    """All that a run is at one moment; saving and restoring it continues the run exactly.

    `images` were learnt from in `seconds`; `validation` has the terms at the end of `epoch`, and
    `least_loss` is what a loss that explodes is told by. `best` is the epoch that early stopping
    would keep.
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
        """What it computes in: the configured precision, or the faster one."""
        device = next(self.model.parameters()).device
        return choose(self.model.config, self.model.image_shape, device)


@dataclass(frozen=True)
class StepResult:
    """One step, or (with `validation`) the end of an epoch. Terms are tensors: reading waits."""

    step: int
    epoch: int
    terms: Terms
    images: int
    validation: dict[str, float] | None = None


def begin(config: RunConfig, dataset: Dataset, device: torch.device) -> TrainingState:
    """A fresh state: weights, data order and noise all follow from the configured seed."""
    check_batches(config, len(dataset.train))
    seed = config.training.seed
    model = Autoencoder(config, dataset.image_shape).to(device)
    return TrainingState(
        model,
        make_optimizer(model, config.training, device),
        torch.Generator().manual_seed(seed + 1),
        torch.Generator(device).manual_seed(seed + 2),
    )


def check_batches(config: RunConfig, images: int) -> None:
    """UserError where batch norm would get a batch of one of so many training images."""
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


def make_optimizer(
    model: Autoencoder, config: TrainingConfig, device: torch.device
) -> torch.optim.Optimizer:
    """Adam, AdamW or SGD (with momentum 0.9) over the weights of `model`."""
    spare_the_compiler()
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


def train(state: TrainingState, dataset: Dataset) -> Iterator[StepResult]:
    """Trains `state` in place to the end of the configured epochs, yielding after every step.

    Raises DivergedError before a step whose loss is not finite (or has exploded) is applied.
    """
    model, config = state.model, state.model.config
    device, precision = next(model.parameters()).device, state.precision
    guard = Guard(state, device)
    images = dataset.train.images.to(device)  # (N, C, H, W) uint8
    total_steps = steps_per_epoch(len(images), config.training) * config.training.epochs

    while state.epoch < config.training.epochs:
        model.train()
        # dropout knows no other generator
        torch.manual_seed(config.training.seed + state.epoch)
        permutation = torch.randperm(len(images), generator=state.order).to(device)
        with learner(model, state.optimizer, state.noise, precision) as (learn, apply):
            for index in permutation.split(config.training.batch_size):
                progress = state.step / max(total_steps, 1)
                set_learning_rate(state.optimizer, config.training, progress)

                x = to_float(images.index_select(0, index))  # (B, C, H, W) in [0, 1]
                x = augment(x, config.training.augment, state.order)
                x_in = corrupt(x, config.corruption, state.noise)
                shown = guard.look(learn(x, x_in, beta_at(config, progress)))
                if config.training.clip:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), config.training.clip)
                apply()

                state.step += 1
                state.images += len(index)
                guard.read()
                yield StepResult(state.step, state.epoch, shown, len(index))
        guard.read(now=True)
        state.epoch += 1
        validation = validate(model, dataset.validation)
        if not math.isfinite(validation["loss"]):
            raise DivergedError(
                f"Training stopped after epoch {state.epoch} (step {state.step}): the "
                "validation loss is not a number. Use a smaller learning rate."
            )
        state.validation = validation
        yield StepResult(state.step, state.epoch, shown, 0, validation)


def steps_per_epoch(images: int, config: TrainingConfig) -> int:
    """Batches in one pass over so many images; the last may be smaller."""
    return math.ceil(images / config.batch_size)


def augment(x: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """One random shift of up to one pixel per batch, and a mirror image of half the batches; or
    random crops, each image its own.

    `generator` is one of the CPU: to read a draw of the device would be to wait for it.
    """
    if kind == "none":
        return x
    if kind == "crop-flip":
        return crop(x, generator)
    draw = torch.randint(0, 18, (), generator=generator).item()
    dy, dx = int(draw) % 3 - 1, int(draw) // 3 % 3 - 1
    x = torch.roll(x, (dy, dx), (2, 3))
    return x.flip(3) if kind == "shift-flip" and draw >= 9 else x


def crop(x: Tensor, generator: torch.Generator) -> Tensor:
    """A random square of each image (B, C, H, W), of half to all of its side, scaled up to the
    whole; half of them are mirrored."""
    scale = 1 - 0.5 * torch.rand(len(x), generator=generator)
    down, right = (1 - scale) * (2 * torch.rand(2, len(x), generator=generator) - 1)
    mirror = torch.randint(0, 2, (len(x),), generator=generator) * 2 - 1
    zero = torch.zeros_like(scale)
    rows = (scale * mirror, zero, right, zero, scale, down)
    matrix = torch.stack(rows, 1).reshape(-1, 2, 3).to(x.device)
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=True)
    return functional.grid_sample(x, grid, align_corners=True)


def set_learning_rate(
    optimizer: torch.optim.Optimizer, config: TrainingConfig, progress: float
) -> None:
    """Apply the schedule; `progress` is the share of all steps that is done, in [0, 1]."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(config, progress)
