"""What a person may do with runs, and what two pages do at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest
from waiting import until

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.io import locks
from aeviz.models import checkpoint
from aeviz.runs import manage, run_lock, spawn, store, worker
from aeviz.runs.run_lock import lock_of
from aeviz.runs.store import Run, Status
from aeviz.training import resume
from aeviz.training.state import begin
from tests.runs.test_worker import ended, here, tiny
from tests.training.test_loop import CPU, same, trained, weights

ADA, BOB, LOCAL = Person("a" * 32), Person("b" * 32), Person(local=True)

__all__ = ["here"]  # the fixture


@pytest.fixture
def run(config: RunConfig, runs_dir: Path) -> Run:
    """A run of Ada's that is done."""
    run = store.create(config, ADA.owner)
    run.write_status(Status("done", epoch=3))
    return run


ACTIONS: dict[str, Callable[[Run, Person], None]] = {
    "rename": lambda run, person: manage.rename(run, "Mine", person),
    "stop": manage.stop,
    "go on": manage.resume,
    "train on": lambda run, person: manage.train_longer(run, 5, person),
    "remove": manage.remove,
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("person", [BOB, Person()])
def test_nobody_else_can_change_a_run(run: Run, action: str, person: Person) -> None:
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(UserError, match="somebody else"):
        ACTIONS[action](run, person)
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before


@pytest.mark.parametrize("action", ACTIONS)
def test_a_run_that_is_gone_is_a_sentence(runs_dir: Path, action: str) -> None:
    with pytest.raises(UserError, match="no longer on the disk"):
        ACTIONS[action](Run(runs_dir / "gone"), ADA)
    assert not (runs_dir / "gone").exists()


def test_a_run_of_nobodys_is_managed_from_the_machine_alone(
    config: RunConfig, runs_dir: Path
) -> None:
    run = store.create(config)
    with pytest.raises(UserError, match="somebody else"):
        manage.rename(run, "Mine", ADA)
    manage.rename(run, "The machine's", LOCAL)
    assert run.name == "The machine's"


@pytest.mark.parametrize("teacher", [LOCAL, Person("c" * 32, code=True)])
def test_a_teacher_changes_anybodys_run(run: Run, teacher: Person) -> None:
    manage.rename(run, "Too rude a name was here", teacher)
    manage.remove(run, teacher)
    assert run.is_gone


def test_only_a_teacher_moves_a_run_up(run: Run) -> None:
    with pytest.raises(UserError, match="Only the teacher"):
        manage.move_up(run, ADA)


def test_a_name_is_kept_beside_the_configuration(run: Run, config: RunConfig) -> None:
    manage.rename(run, " My \t best  one ", ADA)
    assert run.name == "My best one"
    assert run.config == config
    manage.rename(run, "", ADA)
    assert run.name == ""
    for name in ("x" * 81, "a\x1b[31m"):
        with pytest.raises(UserError):
            manage.rename(run, name, ADA)


def test_a_removed_run_is_gone_with_all_its_files(run: Run, runs_dir: Path) -> None:
    (run.folder / "snapshots").mkdir()
    (run.folder / "snapshots" / "x").touch()
    manage.remove(run, ADA)
    assert store.runs() == []
    assert list(runs_dir.iterdir()) == []


def test_a_run_that_trains_is_not_removed(run: Run) -> None:
    lock = locks.take(run.pid_path)
    assert lock is not None
    run.write_status(Status("running", epoch=1))
    with lock:
        with pytest.raises(UserError, match="stop it first"):
            manage.remove(run, ADA)
        assert run.status.phase == "running"


def test_a_process_that_is_slow_to_leave_its_finished_run_is_waited_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still holds the lock at more than one check after the run is done."""
    looks = []

    def look(run: Run, patience: float) -> TextIO | None:
        looks.append(patience)
        return lock_of(run, patience=0.01)

    monkeypatch.setattr(run_lock, "lock_of", look)
    lock = locks.take(run.pid_path)
    assert lock is not None

    def leave() -> None:
        until(lambda: len(looks) >= 2)
        lock.close()

    leaving = threading.Thread(target=leave, daemon=True)
    leaving.start()
    manage.remove(run, ADA)
    leaving.join()
    assert run.is_gone


def test_what_a_server_had_no_time_to_delete_is_no_run_and_goes_later(
    run: Run, config: RunConfig, runs_dir: Path
) -> None:
    left = runs_dir / f".trash-{run.id}-abcd"
    run.folder.rename(left)
    assert store.runs() == []
    manage.remove(store.create(config, ADA.owner), ADA)
    assert not left.exists()


def test_pages_that_remove_rename_and_continue_at_once_leave_a_whole_run_or_none(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any order: if the run is deleted, nothing of it comes back, and other pages show only a
    sentence."""
    monkeypatch.setattr(spawn.subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    for _ in range(20):
        run = store.create(config, ADA.owner)
        run.write_status(Status("done", epoch=3))
        barrier, errors = threading.Barrier(4), []

        def act(
            action: Callable[[], None],
            barrier: threading.Barrier = barrier,
            errors: list[Exception] = errors,
        ) -> None:
            barrier.wait()
            try:
                action()
            except UserError:
                pass
            except Exception as error:
                errors.append(error)

        actions = (
            lambda run=run: manage.remove(run, ADA),
            lambda run=run: manage.remove(run, ADA),
            lambda run=run: manage.rename(run, "Other", ADA),
            lambda run=run: manage.train_longer(run, 3, ADA),  # it has no saved state: a sentence
        )
        threads = [threading.Thread(target=act, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert [path.name for path in runs_dir.iterdir()] == []


# ---- going on for longer -----------------------------------------------------------------------


def test_a_run_that_goes_on_equals_one_that_was_asked_for_longer_at_once(
    here: Callable[..., Run],
    config: RunConfig,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = here()
    worker.work(run)
    before = run.metrics()

    class Started:
        pid = 7

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(spawn.subprocess, "Popen", Started)
    spawn.train_longer(run, 2)
    assert run.config.training.epochs == 5
    worker.work(run)
    assert (run.status.phase, run.status.epoch, run.status.steps) == ("done", 5, 20)
    epochs = [row for row in run.metrics() if "validation" in row]
    assert [row["epoch"] for row in epochs] == [1, 2, 3, 4, 5]
    assert run.metrics()[: len(before)] == before
    at_once = trained(config.replace(**{"training.epochs": 5}), dataset)
    kept = checkpoint.load(run.model_path)
    assert same(dict(kept.model.state_dict()), weights(at_once))
    assert kept.card["epochs"] == 5
    state = begin(run.config, dataset, CPU)
    resume.load_into(run.resume_path, state)
    assert state.epoch == 5


@pytest.mark.parametrize("epochs", [0, -1, 10_001])
def test_a_number_of_epochs_out_of_range_is_a_sentence(run: Run, epochs: int) -> None:
    run.resume_path.touch()
    with pytest.raises(UserError, match="1 to 10,000"):
        manage.train_longer(run, epochs, ADA)
    run.write_status(Status("done", epoch=9_999))
    with pytest.raises(UserError, match=r"^training\.epochs: "):
        manage.train_longer(run, 2, ADA)
    assert run.config.training.epochs == 3


def test_a_run_without_a_saved_state_cannot_go_on_longer(run: Run) -> None:
    with pytest.raises(UserError, match="no saved state"):
        manage.train_longer(run, 2, ADA)


def test_two_pages_that_continue_a_run_start_it_once(runs_dir: Path) -> None:
    config = tiny(**{"training.epochs": 2})
    run = spawn.start(config, ADA.owner)
    assert ended(run).phase == "done"
    errors: list[str] = []

    def go_on() -> None:
        try:
            manage.train_longer(run, 3, ADA)
        except UserError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=go_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == ["This run is still being trained: stop it first."]
    status = ended(run)
    assert (status.phase, status.epoch) == ("done", 5)
    assert run.owner == ADA.owner
