"""A disk that is really full or read-only: only if this process may mount one."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.models import checkpoint
from aeviz.runs import store, worker
from aeviz.runs.store import Run
from aeviz.training import loop
from tests.runs.test_every_write import _quick as _quick
from tests.runs.test_every_write import check_whole, same
from tests.runs.test_every_write import model as model  # the result of the uninterrupted training
from tests.runs.test_every_write import short as short  # two epochs of two steps each


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 2 MB, in memory, on which the runs lie."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder))
    except FileNotFoundError:
        pytest.skip("there is no mount")
    monkeypatch.setenv("AEVIZ_RUNS", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def contents(run: Run) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}


def on_disk(files: dict[str, bytes]) -> int:
    """Bytes on a disk with blocks of 4,096."""
    return sum(-(-len(data) // 4096) * 4096 for data in files.values())


def check_end(run: Run, model: dict[str, Tensor]) -> None:
    assert run.status.phase == "done", run.status
    assert same(dict(checkpoint.load(run.model_path).model.state_dict()), model)


def test_a_full_disk_is_one_sentence_and_what_was_saved_goes_on_once_there_is_room(
    model: dict[str, Tensor], short: RunConfig, dataset: Dataset, small: Path
) -> None:
    other = store.create(short)
    worker.work(other)
    before = contents(other)
    phases = []
    for share in (0.0, 0.3, 0.5, 0.7, 0.9):
        run = store.create(short)
        fill(small / "ballast", free=int(on_disk(before) * share))
        worker.work(run)
        check_whole(run, dataset)
        phases.append(run.status.phase)
        if run.status.phase == "failed":
            assert "No space left on device): free some disk space" in run.status.message
            assert run.status.message.count(". ") == 0
        assert contents(other) == before

        (small / "ballast").unlink()
        if run.can_resume:
            worker.work(run)
        check_end(run, model)
        assert not list(run.folder.rglob("*.tmp"))
        for path in sorted(run.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    assert phases[:3] == ["failed"] * 3


def fill(path: Path, free: int) -> None:
    """Fills the disk, and then frees this many bytes."""
    with path.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        file.truncate(max(0, file.tell() - free))


def test_a_folder_that_becomes_read_only_keeps_its_state_and_others_train_on(
    model: dict[str, Tensor],
    short: RunConfig,
    dataset: Dataset,
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, other = store.create(short), store.create(short)
    run.pid_path.touch()  # as if a process had worked on it
    mount("--bind", str(run.folder), str(run.folder))
    step = worker.Reporter.on_step

    def read_only_in_the_second_epoch(self: worker.Reporter, result: loop.StepResult) -> None:
        if self.run == run and result.step == 3:
            mount("-o", "remount,bind,ro", str(run.folder))
        step(self, result)

    with monkeypatch.context() as patch:
        patch.setattr(worker.Reporter, "on_step", read_only_in_the_second_epoch)
        worker.work(run)
        assert run.status.phase == "failed"
        assert run.status.message == (
            "The run's folder cannot be written; what it had saved is kept. "
            "Make it writable, then continue."
        )
        check_whole(run, dataset)
        worker.work(other)
        check_end(other, model)

    mount("-o", "remount,bind,rw", str(run.folder))
    worker.work(run)
    check_end(run, model)
    subprocess.run(["umount", str(run.folder)], check=True)
