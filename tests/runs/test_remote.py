"""The trainer and what it reports, without a cluster: tests/cluster has the two together."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from waiting import until

from aeviz.cluster.packs import Pack, pack
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import atomic
from aeviz.presets.autoencoders import settings_for
from aeviz.runs import store, worker
from aeviz.runs.remote.changes import Changes, Watch, to_begin_with
from aeviz.runs.remote.trainer import Trainer
from aeviz.runs.store import Run


def config(epochs: int) -> RunConfig:
    return settings_for("vae", "digits").replace(
        **{"training.epochs": epochs, "network.hidden": [16], "bottleneck.latent_dim": 2}
    )


# ---- changes -----------------------------------------------------------------------------------


def test_a_watch_finds_what_is_new_has_grown_was_replaced_or_is_gone(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "metrics.jsonl").write_bytes(b"one\n")
    watch = Watch(tmp_path)
    assert watch.changes() == Changes()
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "epoch-1").write_bytes(b"s")
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b"two\n")
    (tmp_path / "old").unlink()
    (tmp_path / ".status.json.x.tmp").write_bytes(b"half")
    for ours in ("pid", "stop", "config.json"):
        (tmp_path / ours).write_bytes(b"")
    found = watch.changes()
    assert found == Changes({"snapshots/epoch-1": b"s"}, {"metrics.jsonl": b"two\n"}, ("old",))
    (tmp_path / "new").write_bytes(b"three\n")
    (tmp_path / "new").rename(tmp_path / "metrics.jsonl")
    assert watch.changes() == Changes({"metrics.jsonl": b"three\n"})
    assert watch.changes() == Changes()


def test_a_status_that_changes_during_the_look_is_found_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read before: the last one, "done", must not be taken for sent."""
    status = tmp_path / "status.json"
    watch = Watch(tmp_path)
    status.write_bytes(b"finishing")
    look = Watch._look

    def late(self: Watch) -> dict[str, tuple[int, int, int]]:
        (tmp_path / "new").write_bytes(b"done")
        (tmp_path / "new").rename(status)
        return look(self)

    with monkeypatch.context() as patch:
        patch.setattr(Watch, "_look", late)
        first = watch.changes()
    assert first == Changes({"status.json": b"finishing"})
    assert watch.changes() == Changes({"status.json": b"done"})
    assert watch.changes() == Changes()


def test_a_status_that_appears_during_the_look_is_found_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(tmp_path)
    look = Watch._look

    def late(self: Watch) -> dict[str, tuple[int, int, int]]:
        (tmp_path / "status.json").write_bytes(b"1")
        return look(self)

    with monkeypatch.context() as patch:
        patch.setattr(Watch, "_look", late)
        watch.changes()
    assert watch.changes() == Changes({"status.json": b"1"})


@pytest.fixture
def run(runs_dir: Path) -> Run:
    return store.create(config(1))


def test_changes_are_written_into_the_run(run: Run) -> None:
    (run.folder / "gone").write_bytes(b"")
    Changes({"snapshots/epoch-1": b"s", "metrics.jsonl": b"1\n"}).apply(run)
    Changes({}, {"metrics.jsonl": b"2\n"}, ("gone",)).apply(run)
    assert (run.folder / "snapshots" / "epoch-1").read_bytes() == b"s"
    assert (run.folder / "metrics.jsonl").read_bytes() == b"1\n2\n"
    assert not (run.folder / "gone").exists()


def test_the_metrics_are_written_first_and_the_status_last(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A "done" without its last metrics, or a saved state that is ahead of them, is never seen."""
    found: list[tuple[str, bytes, bool]] = []
    write = atomic.write_bytes

    def seen(path: Path, data: bytes, **rest: bool) -> None:
        metrics = (run.folder / "metrics.jsonl").read_bytes()
        found.append((path.name, metrics, (run.folder / "gone").exists()))
        write(path, data, **rest)

    for name in ("gone", "metrics.jsonl"):
        (run.folder / name).write_bytes(b"")
    monkeypatch.setattr(atomic, "write_bytes", seen)
    files = {"status.json": b"done", "resume.safetensors": b"r"}
    Changes(files, {"metrics.jsonl": b"1"}, ("gone",)).apply(run)
    assert found == [("resume.safetensors", b"1", True), ("status.json", b"1", False)]
    found.clear()
    Changes({"resume.safetensors": b"r", "metrics.jsonl": b"2"}).apply(run)
    assert [name for name, _, _ in found] == ["metrics.jsonl", "resume.safetensors"]


@pytest.mark.parametrize("path", ["../escaped", "a/../../b", "/tmp/x", "config.json", "pid", ".x"])
def test_other_files_are_not_written(path: str, run: Run) -> None:
    before = {p: p.read_bytes() for p in run.folder.parent.rglob("*") if p.is_file()}
    Changes({path: b"x"}, {path: b"x"}, (path,)).apply(run)
    assert {p: p.read_bytes() for p in run.folder.parent.rglob("*") if p.is_file()} == before


def test_changes_of_a_run_that_was_removed_create_nothing(run: Run) -> None:
    for file in run.folder.iterdir():
        file.unlink()
    run.folder.rmdir()
    with pytest.raises(UserError):
        Changes({"snapshots/epoch-1": b"s"}).apply(run)
    assert not run.folder.exists()


# ---- the trainer -------------------------------------------------------------------------------


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch, runs_dir: Path, tmp_path: Path) -> Iterator[Trainer]:
    """A trainer in this process, which does not end it, and leaves its settings as they were."""
    for name in ("AEVIZ_RUNS", "AEVIZ_WORKERS", "AEVIZ_RAY", "AEVIZ_DATA", "AEVIZ_DATASETS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setattr(Trainer, "_end_alone", lambda self: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = torch.get_num_threads()
    found = Trainer(1)
    monkeypatch.setenv("AEVIZ_RUNS", str(runs_dir))  # of this process, which is also the server
    yield found
    torch.set_num_threads(threads)


def follow(trainer: Trainer, run: Run, stop_at: int | None = None) -> None:
    """As the follower does."""
    trainer.begin(run.id, to_begin_with(run), pack({}))
    while True:
        changes = trainer.changes(stop_at is not None and run.status.epoch >= stop_at)
        changes.apply(run)
        if changes.over:
            return


def test_the_trainer_trains_as_a_worker_here(trainer: Trainer, run: Run) -> None:
    here = store.create(config(1))
    follow(trainer, run)
    assert run.status.phase == "done"
    torch.set_num_threads(1)
    worker.work(here)
    mine, theirs = (load_file(one.resume_path) for one in (run, here))
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_a_run_that_was_stopped_continues_on_another_trainer(
    trainer: Trainer, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, whole = store.create(config(40)), store.create(config(40))
    follow(trainer, run, stop_at=2)
    assert run.status.phase == "stopped"
    assert 2 <= run.status.epoch < 40
    another = Trainer(1)
    monkeypatch.setenv("AEVIZ_RUNS", str(runs_dir))
    follow(another, run)
    assert (run.status.phase, run.status.epoch) == ("done", 40)
    follow(trainer, whole)
    mine, theirs = (load_file(one.resume_path) for one in (run, whole))
    assert all(torch.equal(mine[key], theirs[key]) for key in theirs)
    assert [row["epoch"] for row in run.metrics() if "validation" in row] == [*range(1, 41)]


def test_too_little_memory_halves_the_batch(
    trainer: Trainer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aeviz.training import loop

    train = loop.train

    def short_of_memory(state, dataset, *rest):  # type: ignore[no-untyped-def]
        if state.model.config.training.batch_size > 64:
            raise MemoryError
        return train(state, dataset, *rest)

    monkeypatch.setattr("aeviz.training.fit.train", short_of_memory)
    follow(trainer, run)
    assert run.status.phase == "done"
    assert "64" in run.status.note


def test_a_new_follower_takes_the_trainer_over(trainer: Trainer, run: Run) -> None:
    """Its old training, which nobody follows any more, is stopped."""
    endless = store.create(config(4000))
    trainer.begin(endless.id, to_begin_with(endless), pack({}))
    until(lambda: trainer.changes(False).files)
    follow(trainer, run)
    assert run.status.phase == "done"


@pytest.fixture
def fetching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> threading.Event:
    """Data sets arrive only once this is set."""
    arrived = threading.Event()

    def folder(self: Pack) -> Path:
        assert arrived.wait(30)
        return tmp_path

    monkeypatch.setattr(Pack, "folder", folder)
    return arrived


def test_the_trainer_answers_while_it_fetches_the_data(
    trainer: Trainer, run: Run, fetching: threading.Event
) -> None:
    """Else its follower would take it for lost, again and again."""
    trainer.begin(run.id, to_begin_with(run), pack({}))
    assert trainer.changes(False) == Changes()
    trainer.changes(True)
    fetching.set()
    until(lambda: (changes := trainer.changes(False)).apply(run) or changes.over)
    assert run.status.phase == "stopped"


def test_data_that_cannot_be_fetched(
    trainer: Trainer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower learns why; the trainer can train the next run."""

    def folder(self: Pack) -> Path:
        raise UserError("Data cannot be kept: free some disk space.")

    with monkeypatch.context() as patch:
        patch.setattr(Pack, "folder", folder)
        with pytest.raises(UserError, match="free some disk space"):
            follow(trainer, run)
    follow(trainer, run)
    assert run.status.phase == "done"


def test_a_folder_that_is_gone_does_not_spoil_the_trainer(trainer: Trainer, run: Run) -> None:
    """As if something had cleared the temporary files of its machine."""
    endless = store.create(config(4000))
    trainer.begin(endless.id, to_begin_with(endless), pack({}))
    until(lambda: trainer.changes(False).files)
    trainer._run.folder.rename(trainer._folder / "gone")
    follow(trainer, run)
    assert run.status.phase == "done"


def test_a_trainer_removes_what_killed_ones_have_left(trainer: Trainer, tmp_path: Path) -> None:
    """Not the folder of one that lives, or what may be another program's."""
    killed, strange = tmp_path / "aeviz-trainer-killed", tmp_path / "aeviz-trainer-strange"
    for folder in (killed, strange):
        folder.mkdir()
        (folder / "resume.safetensors").write_bytes(b"large")
    (killed / ".lock").touch()
    another = Trainer(1)
    assert {path for path in tmp_path.glob("*aeviz-trainer-*")} == {
        trainer._folder,
        another._folder,
        strange,
    }
