"""The training loop, from top to bottom: forward, loss, divergence check, backward, clip, step.

Images stay in memory as uint8 on the device; a batch is one gather and one conversion. `train` is a
generator: it yields after every step, so the caller decides what to show, what to save and when to
stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from aeviz.config import TrainingConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.validation import to_float, validate
from aeviz.nn.corruptions import corrupt
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training import graphs
from aeviz.training.augmentation import augment
from aeviz.training.cpu import microbatches
from aeviz.training.divergence import DivergedError, DivergenceCheck
from aeviz.training.engine import Engine
from aeviz.training.parallel.engine import parallel_engine
from aeviz.training.parallel.group import Group
from aeviz.training.schedules import beta_at, learning_rate
from aeviz.training.state import TrainingState, steps_per_epoch


@dataclass(frozen=True)
class StepResult:
    """One step, or (with `validation`) the end of an epoch. Terms are tensors: reading waits."""

    step: int
    epoch: int
    terms: Terms
    images: int
    validation: dict[str, float] | None = None


def train(
    state: TrainingState, dataset: Dataset, group: Group | None = None
) -> Iterator[StepResult]:
    """Train `state` in place to the end of the configured epochs, yielding after every step.

    `group`: the processes that train it together (`aeviz.training.parallel`).
    Raises DivergedError before a step is applied whose loss is not finite or has exploded.
    """
    model, config = state.model, state.model.config
    device = next(model.parameters()).device
    divergence = DivergenceCheck(state, device, at_once=group is not None)
    images = dataset.train.images.to(device)  # (N, C, H, W) uint8
    total_steps = steps_per_epoch(len(images), config.training) * config.training.epochs

    while state.epoch < config.training.epochs:
        model.train()
        torch.manual_seed(config.training.seed + state.epoch)  # dropout has no other generator
        permutation = torch.randperm(len(images), generator=state.order).to(device)
        with engine_for(state, device, group) as engine:
            for index in permutation.split(config.training.batch_size):
                progress = state.step / max(total_steps, 1)
                set_learning_rate(state.optimizer, config.training, progress)
                x = to_float(images.index_select(0, index))  # (B, C, H, W) in [0, 1]
                x = augment(x, config.training.augment, state.order)
                x_in = corrupt(x, config.corruption, state.noise)

                loss = engine.forward(x, x_in, beta_at(config, progress))  # network and loss
                terms = divergence.check(loss)  # a diverged loss gets no further
                engine.backward(loss.total)
                if config.training.clip:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), config.training.clip)
                engine.step()

                state.step += 1
                state.images += len(index)
                divergence.sync()
                yield StepResult(state.step, state.epoch, terms, len(index))
        divergence.sync(now=True)
        state.epoch += 1
        validation = validated(model, dataset, group)
        if not math.isfinite(validation["loss"]):
            raise DivergedError(
                f"Training stopped after epoch {state.epoch} (step {state.step}): the "
                "validation loss is not a number. Use a smaller learning rate."
            )
        state.validation = validation
        yield StepResult(state.step, state.epoch, terms, 0, validation)


def engine_for(
    state: TrainingState, device: torch.device, group: Group | None
) -> AbstractContextManager[Engine]:
    """What computes the passes and the step: plain PyTorch, micro-batches in threads for a conv
    network on a CPU, CUDA graphs if they are wanted, or a group of processes."""
    parts = (state.model, state.optimizer, state.noise, state.precision)
    if group is not None:
        return parallel_engine(*parts, group)
    if microbatches.divides(state.model.config, device):
        return microbatches.threaded_engine(*parts)
    return nullcontext((graphs.GraphEngine if graphs.enabled(device) else Engine)(*parts))


def validated(model: Autoencoder, dataset: Dataset, group: Group | None) -> dict[str, float]:
    """The terms on the validation images; those of the leader if a group trains."""
    if group is None:
        return validate(model, dataset.validation)
    return group.from_leader(lambda: validate(model, dataset.validation))


def set_learning_rate(
    optimizer: torch.optim.Optimizer, config: TrainingConfig, progress: float
) -> None:
    """Apply the schedule; `progress` is the share of all steps done, in [0, 1]."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(config, progress)
