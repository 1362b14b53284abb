"""Out of memory: retry the training with half the batch, up to four times, then say so."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from aeviz.config import RunConfig
from aeviz.device import plain_memory_errors
from aeviz.errors import is_out_of_memory
from aeviz.training.state import TrainingState, leaves_one, steps_per_epoch

HALVINGS = 4
T = TypeVar("T")


def batches(config: RunConfig, images: int, most: int) -> list[RunConfig]:
    """`config` with its own batch size, then with halved ones that suit so many images. None is
    above `most`: the batch size that a resumed run trained with."""
    sizes = (config.training.batch_size >> halvings for halvings in range(HALVINGS + 1))
    tried = [config.replace(**{"training.batch_size": size}) for size in sizes if 0 < size <= most]
    first, *halves = tried or [config]
    return [first, *(half for half in halves if not leaves_one(half, images))]


def train(tries: Sequence[RunConfig], attempt: Callable[[RunConfig], T]) -> T:
    """The result of the first `attempt` that fits in memory; UserError if none does."""
    *larger, last = tries
    for config in larger:
        try:
            return attempt(config)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        _free_memory()  # only now: the error referenced all that the attempt had allocated
    with plain_memory_errors(
        f"Not enough memory for this network, even with batches of {last.training.batch_size}: use "
        "a smaller code or narrower layers."
    ):
        return attempt(last)


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def recount(state: TrainingState, images: int) -> None:
    """Recount the steps at the end of an epoch as if all had used the current batch size, so that
    schedules continue at the same share of the training."""
    state.step = state.epoch * steps_per_epoch(images, state.model.config.training)


def note(configured: RunConfig, used: RunConfig) -> str:
    """The message about a smaller batch size; empty if it is the configured one."""
    before, now = configured.training.batch_size, used.training.batch_size
    if now == before:
        return ""
    return f"Not enough memory for a batch size of {before}; training with {now}."
