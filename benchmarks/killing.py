"""Kill workers and servers, and check what they leave on the disk.

    python -m benchmarks.killing

is a server without pages: for each run folder that it reads from standard input, it forks a worker.
It has already imported everything for training, so a worker trains at once, and kills hit training.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.io import checksums
from aeviz.models import checkpoint
from aeviz.presets.autoencoders import preset
from aeviz.runs import reporter, store, worker
from aeviz.runs.run_lock import lock_of
from aeviz.runs.store import Run
from aeviz.training import resume, snapshots
from aeviz.training.state import begin, steps_per_epoch

ROOT = Path(__file__).resolve().parents[1]
LEAVE_SECONDS = 120.0
"""A process without its server must have exited after this time."""
TRAIN_SECONDS = 300.0


def tiny(epochs: int = 3) -> RunConfig:
    """A VAE on scikit-learn's digits, with a code of two dimensions, which needs no map."""
    return preset("vae").config.replace(
        **{
            "dataset": "digits",
            "network.hidden": [32],
            "bottleneck.latent_dim": 2,
            "training.epochs": epochs,
            "training.batch_size": 64,
            "training.device": "cpu",
        }
    )


class Server(Protocol):
    """A process that starts workers."""

    process: subprocess.Popen[bytes]

    def start(self, run: Run) -> None:
        """Starts or resumes the training of the run, without waiting for it."""


class Nursery:
    """The server without pages."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.killing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"AEVIZ_RUNS": str(home), "OMP_NUM_THREADS": "1"},
        )

    def start(self, run: Run) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{run.folder}\n".encode())
        self.process.stdin.flush()
        if self.process.stdout.readline() != b"started\n":
            raise SystemExit("the process that starts workers has ended")

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def nursery() -> None:
    torch.set_num_threads(1)  # a fork does not have the threads that torch would start
    begin(tiny(), datasets.load(tiny().dataset), torch.device("cpu"))  # torch imports the rest
    reporter.REPORT_SECONDS = 0.0  # report each step, so that writes are frequent
    server = os.getpid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # exit codes are not read: leave no zombies
    for line in sys.stdin:
        told, tell = os.pipe()
        if os.fork() == 0:
            _be_worker(Run(Path(line.strip())), server, tell)
        os.close(tell)
        os.read(told, 1)
        os.close(told)
        print("started", flush=True)


def _be_worker(run: Run, server: int, tell: int) -> None:
    try:
        lock = lock_of(run, patience=60.0)
        if lock is not None:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            run.withdraw_stop()
            run.write_status(store.Status(created=run.status.created, epoch=run.status.epoch))
            os.close(tell)
            worker.work(run, server)
    finally:
        os._exit(0)


images = functools.cache(datasets.load)


@dataclass(frozen=True)
class Left:
    """The state of a run after its process was killed or lost its server."""

    phase: str
    epochs_lost: float
    seconds: float = 0.0
    """From the end of the server until its process has exited."""


def look(run: Run) -> Left:
    """Reads every file of the run; raises an error if one is unreadable or incomplete."""
    config, status = run.config, run.status
    assert "cannot be read" not in status.message, status
    data = images(config.dataset)
    state = begin(config, data, torch.device("cpu"))
    if run.resume_path.exists():
        resume.load_into(run.resume_path, state)
    for path in run.snapshots():
        snapshots.read(path)
    if run.model_path.exists():
        checksums.check(run.model_path, "The model file is damaged.")
        checkpoint.load(run.model_path)
    with contextlib.suppress(FileNotFoundError):
        json.loads((run.folder / "baselines.json").read_text())
    with contextlib.suppress(FileNotFoundError):
        *whole, _ = (run.folder / "metrics.jsonl").read_text().split("\n")
        for line in whole:
            json.loads(line)
    assert status.epoch <= state.epoch, "the status has more epochs than resume.safetensors"
    begun = max([status.step, *(row["step"] for row in run.metrics())])
    each = steps_per_epoch(len(data.train), config.training)
    return Left(status.phase, (begun - state.step) / each)


def result(run: Run) -> dict[str, torch.Tensor]:
    """The result of a finished run: the weights in its model file, and the weights, optimizer and
    random states that it would resume from."""
    model = checkpoint.load(run.model_path).model.state_dict()
    return load_file(run.resume_path) | {f"file.{name}": value for name, value in model.items()}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Bitwise equality."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def undisturbed(server: Server, config: RunConfig) -> tuple[dict[str, torch.Tensor], float]:
    """The result of an uninterrupted training, and the seconds that it takes."""
    run = store.create(config)
    server.start(run)
    taken = wait_for_end(run)
    assert run.status.phase == "done", run.status
    return result(run), taken


def wait_for_end(run: Run, limit: float = TRAIN_SECONDS) -> float:
    """Waits until the run has no process; returns the seconds."""
    began = time.perf_counter()
    while run.is_alive:
        assert time.perf_counter() - began < limit, (run.id, run.status)
        time.sleep(0.01)
    return time.perf_counter() - began


def kills(
    server: Server, config: RunConfig, wanted: dict[str, torch.Tensor], longest: float, seed: int
) -> Iterator[Left]:
    """Kills workers (SIGKILL) at random times, in an infinite loop. If a training finishes
    nevertheless, its result must equal `wanted`, and the next one begins."""
    chance = random.Random(seed)
    run = None
    while True:
        run = run or store.create(config)
        server.start(run)
        time.sleep(chance.uniform(0.0, longest))
        if run.is_alive:
            # its process id cannot be reused while it holds the lock
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(run.pid_path.read_text()), signal.SIGKILL)
            wait_for_end(run)
            yield look(run)
        if run.status.phase == "done":
            check_end(run, wanted)
            run = None


def go_on_to_the_end(server: Server, run: Run, wanted: dict[str, torch.Tensor]) -> None:
    """Trains the run until it is done; raises AssertionError if the result is not `wanted`."""
    if run.status.phase != "done":
        server.start(run)
        wait_for_end(run)
    check_end(run, wanted)


def check_end(run: Run, wanted: dict[str, torch.Tensor]) -> None:
    """Raises AssertionError if a finished run is not bit-identical to `wanted`, or has left
    temporary files."""
    assert run.status.phase == "done", run.status
    look(run)
    assert equal(result(run), wanted), f"{run.id} differs from an uninterrupted run"
    epochs = [row["epoch"] for row in run.metrics() if "validation" in row]
    assert epochs == list(range(1, run.config.training.epochs + 1)), epochs
    assert not list(run.folder.rglob("*.tmp")), "unfinished files are left"


def lose_server(server: Server, run: Run, after: float) -> Left:
    """Kills the server (SIGKILL) `after` seconds after the start of the run, and waits for the
    run's process, which gets no signal."""
    server.start(run)
    time.sleep(after)
    server.process.kill()
    server.process.wait()
    seconds = wait_for_end(run, LEAVE_SECONDS)
    left = look(run)
    return Left(left.phase, left.epochs_lost, seconds)


if __name__ == "__main__":
    nursery()
