"""Trainings that take no time: epochs pass while the sweep sleeps, and the loss is known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from aeviz.config import RunConfig
from aeviz.io import locks
from aeviz.presets.autoencoders import preset
from aeviz.runs import spawn, store
from aeviz.runs.store import Run, Status
from aeviz.sweeps import run as sweep_run


class Trainings:
    """Stands for the processes of runs. `started` and `resumed`: ids in their order. `most`: the
    largest number of runs that have trained at once. `fail`: the run of this configuration
    diverges. `interrupt`: Ctrl-C comes at this tick."""

    def __init__(self) -> None:
        self.living: dict[str, TextIO] = {}
        self.started: list[str] = []
        self.resumed: list[str] = []
        self.most = self.ticks = 0
        self.fail: Callable[[RunConfig], bool] = lambda config: False
        self.interrupt = math.inf

    def loss(self, config: RunConfig, epoch: int) -> float:
        """Falls from epoch to epoch. A higher learning rate and a longer code are worse."""
        return 1000 * config.training.lr + config.bottleneck.latent_dim + 1 / epoch

    def start(self, config: RunConfig, owner: str = "", sweep: str = "") -> Run:
        run = store.create(config, owner, sweep)
        self.started.append(run.id)
        self._begin(run)
        return run

    def resume(self, run: Run) -> None:
        self.resumed.append(run.id)
        run.withdraw_stop()
        self._begin(run)

    def _begin(self, run: Run) -> None:
        lock = locks.take(run.pid_path)
        assert lock is not None
        self.living[run.id] = lock
        self.most = max(self.most, len(self.living))
        self._write(run, "running", run.status.epoch)

    def sleep(self, seconds: float) -> None:
        self.ticks += 1
        if self.ticks == self.interrupt:
            raise KeyboardInterrupt
        for id in list(self.living):
            self._epoch(store.find(id))

    def _epoch(self, run: Run) -> None:
        epoch, config = run.status.epoch, run.config
        if run.stop_requested:
            self.end(run, "stopped")
            return
        if self.fail(config):
            self.end(run, "failed")
            return
        epoch += 1
        value = self.loss(config, epoch)
        terms = {"loss": value, "recon": value, "mse": value / 1e4}
        run.append_metrics({"epoch": epoch, "step": epoch, "validation": terms})
        self._write(run, "running", epoch)
        if epoch == config.training.epochs:
            self.end(run, "done")

    def end(self, run: Run, phase: store.Phase) -> None:
        self._write(run, phase, run.status.epoch)
        self.living.pop(run.id).close()

    def _write(self, run: Run, phase: store.Phase, epoch: int) -> None:
        message = "The loss grew without limit." if phase == "failed" else ""
        run.write_status(Status(phase, epoch=epoch, created=time.time(), message=message))

    def power_cut(self) -> None:
        """All processes end at once."""
        for id in list(self.living):
            self.living.pop(id).close()


@pytest.fixture(autouse=True)
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_WORKERS", "2")
    return tmp_path


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    found = Trainings()
    monkeypatch.setattr(spawn, "start", found.start)
    monkeypatch.setattr(spawn, "resume_run", found.resume)
    monkeypatch.setattr(sweep_run.time, "sleep", found.sleep)
    return found


@pytest.fixture
def config() -> RunConfig:
    """A standard autoencoder of 8x8 digits, for 9 epochs."""
    changes = {"dataset": "digits", "network.hidden": [16], "training.epochs": 9}
    return preset("standard").config.replace(name="", **changes)
