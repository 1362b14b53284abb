from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import atomic, locks
from aeviz.runs import store
from aeviz.runs.store import Run, Status


def test_a_new_run_is_found_by_its_id(config: RunConfig, runs_dir: Path) -> None:
    run = store.create(config)
    assert run.folder.parent == runs_dir
    assert store.find(run.id).config == config
    assert run.status.phase == "queued"
    assert [other.id for other in store.runs()] == [run.id]


def test_two_runs_with_one_name_are_two_runs(config: RunConfig, runs_dir: Path) -> None:
    named = replace(config, name="My run")
    first, second = store.create(named), store.create(named)
    assert first.id != second.id
    assert {"my-run"} == {run.id[16:-5] for run in (first, second)}
    assert len(store.runs()) == 2


def test_a_name_that_is_taken_in_the_same_second_is_drawn_anew(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "20260101-120000")
    drawn = iter(["aaaa", "aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda count: next(drawn))
    first, second = store.create(config), store.create(config)
    assert (first.id[-5:], second.id[-5:]) == ("-aaaa", "-bbbb")
    assert len(store.runs()) == 2


@pytest.mark.parametrize("name", ["../../etc", "Ä ö/\\:*", "x" * 80, "..", " "])
def test_a_name_never_leaves_the_folder(config: RunConfig, runs_dir: Path, name: str) -> None:
    run = store.create(replace(config, name=name))
    assert run.folder.resolve().parent == runs_dir.resolve()
    assert store.find(run.id).config.name == name


@pytest.mark.parametrize("run_id", ["", ".", "..", "../x", "a/b", "nothing-here", "x" * 500, "\0"])
def test_an_unknown_id_is_a_sentence(runs_dir: Path, run_id: str) -> None:
    with pytest.raises(UserError, match="There is no run called"):
        store.find(run_id)


def test_a_run_whose_process_is_gone_has_failed(config: RunConfig, runs_dir: Path) -> None:
    run = store.create(config)
    lock = locks.take(run.pid_path)
    assert lock is not None
    run.write_status(Status("running", created=time.time()))
    assert run.status.phase == "running"
    lock.close()  # as the system does for a killed process
    assert run.status.phase == "failed"
    assert "nothing was saved yet" in run.status.message
    run.resume_path.touch()
    assert "what it had saved is kept" in run.status.message
    assert run.can_resume


def test_a_run_without_a_process_is_given_a_moment(config: RunConfig, runs_dir: Path) -> None:
    run = store.create(config)
    run.write_status(Status(created=time.time() - 2))
    assert run.status.phase == "queued"
    run.write_status(Status(created=time.time() - 2 * store.START_SECONDS))
    assert run.status.phase == "failed"


@pytest.mark.parametrize("phase", ["done", "stopped", "failed"])
def test_what_is_over_needs_no_process(config: RunConfig, runs_dir: Path, phase: str) -> None:
    run = store.create(config)
    run.write_status(Status(phase, message="said"))  # type: ignore[arg-type]
    assert (run.status.phase, run.status.message, run.is_over) == (phase, "said", True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"phase": "running", "colour": 1}'])
def test_a_damaged_status_is_a_failed_run(config: RunConfig, runs_dir: Path, text: str) -> None:
    run = store.create(config)
    (run.folder / "status.json").write_text(text)
    assert run.status.phase == "failed"


def test_a_removed_run_is_a_sentence(config: RunConfig, runs_dir: Path) -> None:
    run = store.create(config)
    (run.folder / "config.json").unlink()
    with pytest.raises(UserError, match="no longer on the disk"):
        _ = run.config


def test_metrics_are_lines_and_a_line_that_is_not_whole_is_left_out(
    config: RunConfig, runs_dir: Path
) -> None:
    run = store.create(config)
    assert run.metrics() == []
    rows = [{"step": step, "epoch": 0, "loss": 1.5} for step in (1, 2, 3)]
    for row in rows:
        run.append_metrics(row)
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "ep')
    assert run.metrics() == rows
    run.trim_metrics(1, 3)
    run.append_metrics({"step": 4, "epoch": 1, "validation": {}})
    run.append_metrics({"step": 5, "epoch": 1})
    run.trim_metrics(1, 4)
    assert [row["step"] for row in run.metrics()] == [1, 2, 3, 4]
    for _ in range(2):  # an epoch of 4 steps is now one of 7
        run.trim_metrics(1, 7)
        assert [row["step"] for row in run.metrics()] == [2, 4, 5, 7]
    run.trim_metrics(0, 0)
    assert run.metrics() == []


@pytest.mark.parametrize("full_at", ["status.json", "owner", "config.json"])
def test_a_start_on_a_full_disk_leaves_nothing(
    config: RunConfig, runs_dir: Path, full_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = atomic.write_bytes

    def full(path: Path, data: bytes, new_folder: bool = True) -> None:
        if path.name == full_at:
            raise UserError("No space left on device.")
        real(path, data, new_folder)

    monkeypatch.setattr(atomic, "write_bytes", full)
    with pytest.raises(UserError, match="No space"):
        store.create(config, "a" * 32)
    assert list(runs_dir.iterdir()) == []


def test_a_run_of_a_time_to_come_does_not_wait_until_then(config: RunConfig) -> None:
    """The clock was set back a day, and its process never started."""
    run = store.create(config)
    run.write_status(Status(created=time.time() + 86_400))
    assert run.status.phase == "failed"


def test_a_folder_that_cannot_be_written_is_a_sentence(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "file"))
    with pytest.raises(UserError, match="cannot be written"):
        store.create(config)


def test_the_end_is_written_over_the_old_status_where_the_disk_is_full(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(config)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(UserError, match="No space left"):
        run.write_status(Status("running"))
    run.write_status(Status("failed", message="The disk is full."))
    assert (run.status.phase, run.status.message) == ("failed", "The disk is full.")
    assert sorted(path.name for path in run.folder.iterdir()) == ["config.json", "status.json"]


def test_what_happens_in_a_removed_folder_is_a_sentence_and_makes_no_new_one(
    config: RunConfig, runs_dir: Path
) -> None:
    run = store.create(config)
    assert not run.is_gone
    shutil.rmtree(run.folder)
    assert run.is_gone
    for change in (
        lambda: run.append_metrics({"step": 1}),
        lambda: run.trim_metrics(0, 0),
        lambda: run.write_status(Status("running")),
        run.request_stop,
    ):
        with pytest.raises(UserError, match="its folder is no longer there"):
            change()
    run.write_status(Status("failed"))
    assert list(runs_dir.iterdir()) == []


def test_a_stop_is_asked_for_and_withdrawn(config: RunConfig, runs_dir: Path) -> None:
    run = Run(store.create(config).folder)
    assert not run.stop_requested
    run.request_stop()
    run.request_stop()
    assert Run(run.folder).stop_requested
    run.withdraw_stop()
    assert not run.stop_requested
