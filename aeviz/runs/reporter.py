"""Write the progress of a training into its run folder, often enough to watch."""

from __future__ import annotations

import math
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
"""A line is written after each 200th of the time so far, so that a long run has few of them."""

FIRST_EPOCHS = 30
"""The state is saved after each of the first epochs, unless it is sent."""
SHARE = 0.2
"""After later epochs, saving takes at most this share of the time."""

_TERMS = ("loss", "recon", "kl", "penalty")


class Mean:
    """The mean of loss terms over images. The sum stays on the device until `row` reads it."""

    def __init__(self) -> None:
        self.sum: Tensor | None = None
        self.images = 0

    def add(self, result: StepResult) -> None:
        terms = torch.stack(result.terms) * result.images
        self.sum = terms if self.sum is None else self.sum + terms
        self.images += result.images

    def row(self) -> dict[str, float]:
        """loss, recon, kl and penalty per image; empty if nothing was added."""
        if self.sum is None:
            return {}
        return dict(zip(_TERMS, (self.sum / self.images).tolist(), strict=True))


class Reporter:
    """The callbacks of `fit` that write status.json, metrics.jsonl, snapshots and the resume file.

    They raise UserError if the disk is full. `bytes_per_second`: how fast the state may be written,
    on the average, if it is sent to another machine from there.
    """

    def __init__(self, run: Run, bytes_per_second: float = math.inf) -> None:
        self.run = run
        self.bytes_per_second = bytes_per_second
        self.status: Status = run.status
        self.since_line, self.this_epoch = Mean(), Mean()
        # when each was last written, and how long saving the state took
        self.report_time = self.line_time = self.snapshot_time = self.save_time = -float("inf")
        self.save_seconds = self.send_seconds = 0.0
        self.state: TrainingState | None = None

    def report(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        self.run.write_status(self.status)

    def progress(self, share: float, text: str) -> None:
        """Report the progress of loading or finishing, at most every REPORT_SECONDS."""
        now = time.perf_counter()
        if now - self.report_time >= REPORT_SECONDS:
            self.report_time = now
            self.report(message=f"{text} ({share:.0%})")

    def end(self, phase: Phase, message: str) -> None:
        self.report(phase=phase, message=message, seconds_left=None)

    def restart(self, note: str) -> None:
        """Drop the state of an attempt that ran out of memory; `note`: what the next one
        changes."""
        self.state = None
        self.since_line, self.this_epoch = Mean(), Mean()
        self.report(note=note)

    def begin(self, state: TrainingState, dataset: Dataset) -> None:
        """Report the length of the run. A new run gets a snapshot of its untrained network."""
        training = state.model.config.training
        steps = steps_per_epoch(len(dataset.train), training) * training.epochs
        self.state, self.dataset = state, dataset
        # this also removes the lines of an unfinished first epoch
        self.run.trim_metrics(state.epoch, state.step)
        if not state.step:
            self._snapshot(state)
        self.report(
            steps=steps,
            step=state.step,
            epoch=state.epoch,
            message="",
            precision=state.precision,
        )
        self.saved_epoch = state.epoch
        self.first_step = state.step
        self.images = 0
        self.began = time.perf_counter()
        self.report_time = -float("inf")

    def on_step(self, result: StepResult) -> None:
        self.since_line.add(result)
        self.this_epoch.add(result)
        self.images += result.images
        now = time.perf_counter()
        if now - self.report_time < REPORT_SECONDS:
            return
        self.report_time = now
        elapsed = max(now - self.began, 1e-9)
        if now - self.line_time >= elapsed / LINES:
            self.line_time = now
            self.run.append_metrics(_place(result) | self.since_line.row())
            self.since_line = Mean()
        self.report(
            epoch=self.saved_epoch,
            step=result.step,
            images_per_second=self.images / elapsed,
            seconds_left=(self.status.steps - result.step)
            * (elapsed / (result.step - self.first_step)),
        )

    def on_epoch(self, result: StepResult) -> None:
        """Append the epoch's line: the means over all its steps, and those on the validation
        images.

        If epochs are short (a small data set may have hundreds, of milliseconds each), not all get
        a snapshot or are saved. A run that resumes from an earlier epoch ends with the same
        weights. The status counts the epochs that are saved.
        """
        assert self.state is not None, "begin comes first"
        means = self.this_epoch.row() | {"validation": result.validation}
        self.run.append_metrics(_place(result) | means)
        self.this_epoch = Mean()
        if self._needs_snapshot(self.state):
            self._snapshot(self.state)
        if self._needs_saving(self.state):
            self._save(self.state)

    def _needs_saving(self, state: TrainingState) -> bool:
        since = time.perf_counter() - self.save_time
        if _is_last(state):
            return True
        if since < self.send_seconds:
            return False
        return state.epoch <= FIRST_EPOCHS or since >= self.save_seconds / SHARE

    def _save(self, state: TrainingState) -> None:
        began = time.perf_counter()
        resume.save(self.run.resume_path, state)
        self.saved_epoch = state.epoch
        self.report(epoch=state.epoch, step=state.step)
        self.save_time = time.perf_counter()
        self.save_seconds = self.save_time - began
        self.send_seconds = self.run.resume_path.stat().st_size / self.bytes_per_second

    def _needs_snapshot(self, state: TrainingState) -> bool:
        """Two snapshots a second are enough of those that the next one replaces."""
        return (
            snapshots.is_kept(state.epoch, state.model.config.training.epochs)
            or _is_last(state)
            or time.perf_counter() - self.snapshot_time >= REPORT_SECONDS
        )

    def _snapshot(self, state: TrainingState) -> None:
        self.snapshot_time = time.perf_counter()
        snapshots.write(
            self.run.folder / "snapshots",
            state.epoch,
            state.model.config.training.epochs,
            state.model,
            self.dataset.validation,
        )


def _is_last(state: TrainingState) -> bool:
    """Whether the training ends with this epoch: it is the last one, or patience has run out."""
    training = state.model.config.training
    over = early_stopping.out_of_patience(state.best, state.epoch, training.patience)
    return over or state.epoch >= training.epochs


def _place(result: StepResult) -> dict[str, Any]:
    """Step, epoch and time of a line of metrics.jsonl."""
    return {"step": result.step, "epoch": result.epoch, "time": round(time.time(), 3)}
