"""The process that trains one run: `python -m aeviz.training.worker RUN_FOLDER`.

It shares nothing with the server but the run's folder, so the app stays fluid and closing a tab
loses nothing. A run waits its turn for one of a few slots: locked files that the system frees even
when a worker is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import safetensors.torch
import torch

from aeviz import atomic, datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.device import pick_device
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import encode_all, reconstruct
from aeviz.library import runs_dir
from aeviz.nn.corruptions import corrupt
from aeviz.training import loop, resume
from aeviz.training.finish import finish
from aeviz.training.fit import Outcome, fit
from aeviz.training.runs import Run, Status, create

SLOTS = int(os.environ.get("AEVIZ_WORKERS", "1"))
"""Runs that train at the same time on this machine; the others wait their turn."""

REPORT_SECONDS = 0.5
EXAMPLES = 8
MAP_POINTS = 1000


def start(config: RunConfig) -> Run:
    """Creates a run and starts its worker process; answers at once."""
    run = create(config)
    with (run.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aeviz.training.worker", str(run.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,  # Ctrl-C in the server's terminal must not kill it mid-write
        )
    atomic.write_bytes(run.folder / "pid", str(process.pid).encode())
    return run


def work(run: Run) -> None:
    """Trains the run to its end, a Stop, or a failure; leaves the result in its folder."""
    reporter = Reporter(run)
    try:
        with slot(run):
            outcome = _train(run, reporter)
    except UserError as error:
        reporter.report(phase="failed", message=str(error), seconds_left=None)
    except Exception:
        traceback.print_exc()  # into worker.log
        message = "Training failed unexpectedly; the details are in the run's worker.log."
        reporter.report(phase="failed", message=message, seconds_left=None)
        raise
    else:
        phase = {"done": "done", "stopped": "stopped", "diverged": "failed"}[outcome.reason]
        reporter.report(phase=phase, message=outcome.message, seconds_left=None)


def _train(run: Run, reporter: Reporter) -> Outcome:
    config = run.config
    reporter.report(phase="running", message="Loading the data")
    dataset = datasets.load(
        config.dataset, lambda share, text: reporter.report(message=f"{text} ({share:.0%})")
    )
    device = pick_device(config.training.device)
    state = loop.begin(config, dataset, device)
    reporter.begin(state, dataset)

    outcome = fit(
        state,
        dataset,
        on_step=reporter.on_step,
        on_epoch=reporter.on_epoch,
        should_stop=lambda: run.stop_requested or _server_gone(),
    )
    if outcome.epochs or outcome.reason == "stopped":
        reporter.report(phase="finishing", seconds_left=None)
        finish(
            state.model,
            dataset,
            outcome.history(),
            run.model_path,
            lambda share, text: reporter.report(message=f"{text} ({share:.0%})"),
        )
    return outcome


class Reporter:
    """Writes what a training is doing into its run folder, often enough to watch."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.status: Status = run.status
        self.began = self.last = time.perf_counter()
        self.images = 0

    def report(self, **changes: object) -> None:
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        self.run.write_status(self.status)

    def begin(self, state: loop.TrainingState, dataset: Dataset) -> None:
        """Notes the length of the run and takes the snapshot of the untrained network."""
        per_epoch = -(-len(dataset.train) // state.model.config.training.batch_size)
        steps = per_epoch * state.model.config.training.epochs
        self.state, self.dataset = state, dataset
        self.report(steps=steps, message="")
        (self.run.folder / "snapshots").mkdir(exist_ok=True)
        self._snapshot()
        self.began = self.last = time.perf_counter()

    def on_step(self, result: loop.StepResult) -> None:
        self.images += result.images
        now = time.perf_counter()
        if now - self.last < REPORT_SECONDS and result.step > 1:
            return
        self.last = now
        rate = self.images / max(now - self.began, 1e-9)
        left = (self.status.steps - result.step) / result.step * (now - self.began)
        self.run.append_metrics({"step": result.step, "epoch": result.epoch} | _train_row(result))
        self.report(epoch=result.epoch, step=result.step, images_per_second=rate, seconds_left=left)

    def on_epoch(self, result: loop.StepResult) -> None:
        row = {"step": result.step, "epoch": result.epoch} | _train_row(result)
        self.run.append_metrics(row | {"validation": result.validation})
        self._snapshot()
        resume.save(self.run.resume_path, self.state)
        self.report(epoch=result.epoch, step=result.step)

    def _snapshot(self) -> None:
        """Fixed validation images, their reconstructions, and the latent map of this epoch."""
        model, split = self.state.model, self.dataset.validation.take(slice(0, MAP_POINTS))
        model.eval()
        x = loop.to_float(split.images[:EXAMPLES])
        x_in = corrupt(x, model.config.corruption, torch.Generator().manual_seed(0))
        tensors = {
            "x": x,
            "x_in": x_in,
            "x_hat": reconstruct(model, x_in),
            "latents": encode_all(model, split)[0].half(),
            "labels": split.labels.to(torch.int16),
        }
        path = self.run.folder / "snapshots" / f"epoch-{self.state.epoch:05d}.safetensors"
        atomic.write_bytes(path, safetensors.torch.save(_as_bytes(tensors)))


def _as_bytes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Images as uint8: a snapshot is for looking at."""
    images = ("x", "x_in", "x_hat")
    return {k: (v * 255).round().to(torch.uint8) if k in images else v for k, v in tensors.items()}


def _train_row(result: loop.StepResult) -> dict[str, float]:
    total, recon, kl, penalty = (float(term) for term in result.terms)
    return {"loss": total, "recon": recon, "kl": kl, "penalty": penalty}


@contextlib.contextmanager
def slot(run: Run) -> Iterator[None]:
    """Waits for one of the slots. Raises UserError where the run is stopped while it waits."""
    folder = runs_dir() / ".slots"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for number in range(SLOTS):
            file = (folder / f"{number}.lock").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                continue
            with file:
                yield
            return
        if run.stop_requested or _server_gone():
            raise UserError("Stopped before it began.")
        time.sleep(0.3)


_PARENT = os.getppid()


def _server_gone() -> bool:
    """Whether the process that started this one has ended: then stop and keep what was reached."""
    return os.getppid() != _PARENT


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: run.request_stop())
    run = Run(Path(sys.argv[1]))
    work(run)


if __name__ == "__main__":
    main()
