"""Writes what a training is doing into its run folder, often enough to watch."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from aeviz.datasets import Dataset
from aeviz.runs.store import Phase, Run, Status
from aeviz.training import early_stopping, resume, snapshots
from aeviz.training.loop import StepResult
from aeviz.training.state import TrainingState, steps_per_epoch

REPORT_SECONDS = 0.5
LINES = 200
"""A long run's lines lie a 200th of its length apart, so that there are never very many."""

FIRST_EPOCHS = 30
"""After each of so many the state is saved; later no more than a fifth of the time goes into it."""
SHARE = 0.2

_TERMS = ("loss", "recon", "kl", "penalty")


class Mean:
    """The mean of loss terms over images, kept on the device until it is asked for."""

    def __init__(self) -> None:
        self.sum: Tensor | None = None
        self.images = 0

    def add(self, result: StepResult) -> None:
        terms = torch.stack(result.terms) * result.images
        self.sum = terms if self.sum is None else self.sum + terms
        self.images += result.images

    def row(self) -> dict[str, float]:
        """loss, recon, kl and penalty per image; nothing where nothing was added."""
        if self.sum is None:
            return {}
        return dict(zip(_TERMS, (self.sum / self.images).tolist(), strict=True))


class Reporter:
    """The callbacks of `fit` that write status.json, metrics.jsonl, snapshots and the resume file.

    Raises UserError from them where the disk is full.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.status: Status = run.status
        self.lately, self.this_epoch = Mean(), Mean()
        self.reported = self.lined = -float("inf")
        self.saved, self.saving = -float("inf"), 0.0
        self.pictured = -float("inf")
        self.state: TrainingState | None = None

    def report(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        self.run.write_status(self.status)

    def progress(self, share: float, text: str) -> None:
        """What loading and finishing say of themselves; not more often than anybody looks."""
        now = time.perf_counter()
        if now - self.reported >= REPORT_SECONDS:
            self.reported = now
            self.report(message=f"{text} ({share:.0%})")

    def end(self, phase: Phase, message: str) -> None:
        self.report(phase=phase, message=message, seconds_left=None)

    def restart(self, note: str) -> None:
        """Lets go of what an attempt for which memory was not enough has left."""
        self.state = None
        self.lately, self.this_epoch = Mean(), Mean()
        self.report(note=note)

    def begin(self, state: TrainingState, dataset: Dataset) -> None:
        """Notes the length of the run; a fresh one shows its untrained network."""
        training = state.model.config.training
        steps = steps_per_epoch(len(dataset.train), training) * training.epochs
        self.state, self.dataset = state, dataset
        self.run.trim_metrics(
            state.epoch, state.step
        )  # of a first epoch that was not finished, too
        if not state.step:
            self._snapshot(state)
        self.report(
            steps=steps,
            step=state.step,
            epoch=state.epoch,
            message="",
            precision=state.precision,
        )
        self.kept = state.epoch
        self.first_step = state.step
        self.images = 0
        self.began = time.perf_counter()
        self.reported = -float("inf")

    def on_step(self, result: StepResult) -> None:
        self.lately.add(result)
        self.this_epoch.add(result)
        self.images += result.images
        now = time.perf_counter()
        if now - self.reported < REPORT_SECONDS:
            return
        self.reported = now
        elapsed = max(now - self.began, 1e-9)
        if now - self.lined >= elapsed / LINES:
            self.lined = now
            self.run.append_metrics(_place(result) | self.lately.row())
            self.lately = Mean()
        self.report(
            epoch=self.kept,
            step=result.step,
            images_per_second=self.images / elapsed,
            seconds_left=(self.status.steps - result.step)
            * (elapsed / (result.step - self.first_step)),
        )

    def on_epoch(self, result: StepResult) -> None:
        """An epoch's line has the means over all its steps, and those on the validation images.

        Where epochs are short (of few images there are hundreds, of milliseconds each) not each has
        a snapshot and is saved: who goes on from the one before comes to the same end. The status
        counts the epochs that are saved.
        """
        assert self.state is not None, "begin comes first"
        means = self.this_epoch.row() | {"validation": result.validation}
        self.run.append_metrics(_place(result) | means)
        self.this_epoch = Mean()
        if self._is_to_be_shown(self.state):
            self._snapshot(self.state)
        if self._is_to_be_saved(self.state):
            self._save(self.state)

    def _is_to_be_saved(self, state: TrainingState) -> bool:
        since = time.perf_counter() - self.saved
        return state.epoch <= FIRST_EPOCHS or _is_last(state) or since >= self.saving / SHARE

    def _save(self, state: TrainingState) -> None:
        began = time.perf_counter()
        resume.save(self.run.resume_path, state)
        self.kept = state.epoch
        self.report(epoch=state.epoch, step=state.step)
        self.saved = time.perf_counter()
        self.saving = self.saved - began

    def _is_to_be_shown(self, state: TrainingState) -> bool:
        """Of those that only the next would take away, one twice a second is enough."""
        return (
            snapshots.kept(state.epoch, state.model.config.training.epochs)
            or _is_last(state)
            or time.perf_counter() - self.pictured >= REPORT_SECONDS
        )

    def _snapshot(self, state: TrainingState) -> None:
        self.pictured = time.perf_counter()
        snapshots.write(
            self.run.folder / "snapshots",
            state.epoch,
            state.model.config.training.epochs,
            state.model,
            self.dataset.validation,
        )


def _is_last(state: TrainingState) -> bool:
    """Whether the training ends with this epoch, as far as it can know."""
    training = state.model.config.training
    over = early_stopping.spent(state.best, state.epoch, training.patience)
    return over or state.epoch >= training.epochs


def _place(result: StepResult) -> dict[str, Any]:
    """Where a line of metrics.jsonl stands, and when it was written."""
    return {"step": result.step, "epoch": result.epoch, "time": round(time.time(), 3)}
