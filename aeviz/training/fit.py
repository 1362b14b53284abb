"""Run the training loop to its end, a Stop or a divergence, and leave a good model in any case."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.training import early_stopping
from aeviz.training.divergence import DivergedError
from aeviz.training.loop import StepResult, train
from aeviz.training.parallel.group import Group
from aeviz.training.state import TrainingState


@dataclass(frozen=True)
class Outcome:
    """How a training ended. The numbers include what was trained before it was resumed. `epochs`:
    those completed; a stopped training keeps its part of an epoch. `best_epoch`: the one whose
    weights early stopping restored; `validation` is then of that epoch.

    `failed`: it could not continue, for instance because the disk is full; progress is kept.
    """

    reason: Literal["done", "stopped", "diverged", "failed"]
    message: str
    epochs: int
    steps: int
    seconds: float
    images_per_second: float
    validation: dict[str, float] | None
    precision: str
    best_epoch: int | None = None

    def history(self) -> dict[str, Any]:
        """The entries of the model's card."""
        history = {
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "images_per_second": round(self.images_per_second),
            "ended": self.reason,
            "validation": self.validation,
            "precision": self.precision,
        }
        return history if self.best_epoch is None else history | {"best_epoch": self.best_epoch}


def fit(
    state: TrainingState,
    dataset: Dataset,
    on_step: Callable[[StepResult], None] = lambda result: None,
    on_epoch: Callable[[StepResult], None] = lambda result: None,
    should_stop: Callable[[], bool] = lambda: False,
    group: Group | None = None,
) -> Outcome:
    """Train `state` in place.

    If the loss diverges, the weights of the last good epoch are restored (the untrained ones in the
    first epoch), and the outcome's message names the step. A UserError from a callback (nothing
    more can be saved) ends the training as a Stop does.

    With patience, training may end early. At the end, early or not, the weights of the best epoch
    are restored; after a Stop, the current ones are kept.

    `group`: the processes that train together; call `aeviz.training.parallel.fit` instead, which
    begins this in all of them.
    """
    began = time.perf_counter() - state.seconds
    good, good_epoch = copy.deepcopy(state.model.state_dict()), state.epoch
    reason: Literal["done", "stopped", "diverged", "failed"] = "done"
    message = ""
    training = state.model.config.training

    def out_of_patience() -> bool:
        return early_stopping.out_of_patience(state.best, state.epoch, training.patience)

    try:
        # a resumed training may have run out of patience before it was interrupted
        for result in () if out_of_patience() else train(state, dataset, group):
            state.seconds = time.perf_counter() - began
            if result.validation is None:
                on_step(result)
            else:
                good, good_epoch = copy.deepcopy(state.model.state_dict()), state.epoch
                state.best = early_stopping.best_so_far(
                    state.best, state.model, state.epoch, result.validation
                )
                on_epoch(result)
                if out_of_patience():
                    break
            if should_stop() and state.epoch < training.epochs:
                reason = "stopped"
                when = f"after epoch {state.epoch}" if state.epoch else "during the first epoch"
                message = f"Stopped {when}; its progress is kept."
                break
    except DivergedError as error:
        reason, message = "diverged", str(error)
        state.model.load_state_dict(good)
        state.epoch = good_epoch
        message += (
            f" The model of epoch {good_epoch} is kept."
            if good_epoch
            else " It was the first epoch, so there is no earlier model to keep."
        )
    except UserError as error:
        reason, message = "failed", f"Training stopped at step {state.step}: {error}"
    state.seconds = time.perf_counter() - began
    best_epoch, validation = None, state.validation
    if state.best is not None and reason == "done":
        state.best.restore(state.model)
        best_epoch, validation = state.best.epoch, state.best.validation
        if state.epoch < training.epochs:
            message = (
                f"Ended early after epoch {state.epoch}: the validation loss had not fallen since "
                f"epoch {best_epoch}, whose model is kept."
            )
    return Outcome(
        reason,
        message,
        state.epoch,
        state.step,
        state.seconds,
        state.images / state.seconds,
        validation,
        state.precision,
        best_epoch,
    )
