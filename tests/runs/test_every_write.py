"""Each write, fsync and rename of a training fails once: nothing is lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from faulty_disk import FaultyDisk, Killed, Kind
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.models import checkpoint
from aeviz.runs import manage, store, worker
from aeviz.runs.store import Run, Status
from aeviz.training import resume, snapshots
from aeviz.training.state import begin
from tests.training.test_loop import CPU, same

KINDS: tuple[Kind, ...] = ("once", "from then on", "killed")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hundreds of tiny trainings: on a busy machine threads would wait for each other all the time,
    and a real fsync, whose effect no test can see, for the disk."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def short(
    config: RunConfig, dataset: Dataset, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> RunConfig:
    """Two epochs of two steps each, all of which are reported; with a code that needs no map."""
    monkeypatch.setattr("aeviz.runs.worker.datasets.load", lambda *_: dataset)
    monkeypatch.setattr("aeviz.runs.reporter.REPORT_SECONDS", 0.0)
    return config.replace(
        **{"training.epochs": 2, "training.batch_size": 64, "bottleneck.latent_dim": 2}
    )


@pytest.fixture
def model(short: RunConfig) -> dict[str, Tensor]:
    """The result of the uninterrupted training."""
    run = store.create(short)
    worker.work(run)
    return dict(checkpoint.load(run.model_path).model.state_dict())


def check_whole(run: Run, dataset: Dataset) -> None:
    """Reads every file of the run; nothing that its status reports is missing."""
    state = begin(run.config, dataset, CPU)
    if run.resume_path.exists():
        resume.load_into(run.resume_path, state)
    assert state.epoch >= run.status.epoch
    for path in run.snapshots():
        snapshots.read(path)
    if run.model_path.exists():
        checkpoint.load(run.model_path)


def moments(config: RunConfig) -> int:
    """The number of disk operations of the short training."""
    with pytest.MonkeyPatch.context() as patch:
        disk = FaultyDisk(patch)
        worker.work(store.create(config))
        return disk.moments


def interrupted(config: RunConfig, at: int, kind: Kind) -> Run:
    """A run of which the disk fails at this moment."""
    run = store.create(config)
    run.pid_path.touch()  # as if a process had worked on it
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        FaultyDisk(patch, at, kind)
        worker.work(run)
    return run


@pytest.mark.parametrize("kind", KINDS)
def test_whichever_write_fails_nothing_is_lost_and_the_training_goes_on_to_the_same_end(
    short: RunConfig, dataset: Dataset, model: dict[str, Tensor], kind: Kind
) -> None:
    total = moments(short)
    assert total > 60
    for at in range(total):
        run = interrupted(short, at, kind)
        check_whole(run, dataset)
        status = run.status
        assert run.is_over, (at, status)
        if status.phase != "done":  # some may fail: the folder's fsync, the baselines
            assert status.phase == "failed", (at, status)
            assert kind == "killed" or "No space left on device" in status.message, (at, status)
            assert run.can_resume
            if at % len(KINDS) != KINDS.index(kind):
                continue  # resuming takes as long again: only one kind of failure at each moment
            worker.work(run)
        assert run.status.phase == "done", (at, run.status)
        assert [row["epoch"] for row in run.metrics() if "validation" in row] == [1, 2], at
        ended = checkpoint.load(run.model_path)
        assert same(dict(ended.model.state_dict()), model), at
        assert ended.card["epochs"] == 2
        assert not list(run.folder.rglob("*.tmp")), at


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", ["resume.safetensors", "model.safetensors", "name", "status.json"])
def test_the_last_good_file_is_whole_whichever_write_of_the_next_one_fails(
    short: RunConfig, dataset: Dataset, file: str, kind: Kind
) -> None:
    run = store.create(short, "a" * 32)
    path = run.folder / file
    state = begin(short, dataset, CPU)

    def save(step: int) -> None:
        state.step = step
        if file.startswith("resume"):
            resume.save(path, state)
        elif file.startswith("model"):
            checkpoint.save(path, state.model, {"steps": step}, None)
        elif file == "name":
            manage.rename(run, f"step {step}", Person("a" * 32))
        else:
            run.write_status(Status("running", step=step, created=1.0))

    failed = 0
    for at in range(10):
        save(1)
        old = path.read_bytes()
        with pytest.MonkeyPatch.context() as patch:
            disk = FaultyDisk(patch, at, kind)
            try:
                save(2)
            except (UserError, Killed):
                failed += 1
                assert path.read_bytes() == old or disk.moments > 3  # it was the folder's own fsync
            else:
                assert path.read_bytes() != old
    assert failed >= 3  # write, fsync and rename, each at least
