from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.training import locks, queue, runs, worker
from aeviz.training.runs import Run


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Waiter(threading.Thread):
    """Waits for a run's turn, and holds it until it is told to go on."""

    def __init__(self, run: Run, order: list[str]) -> None:
        super().__init__(daemon=True)
        self.run_, self.order = run, order
        self.cancel, self.leave = threading.Event(), threading.Event()
        self.cancelled = False
        self.start()

    def run(self) -> None:
        try:
            with queue.turn(self.run_, self.cancel.is_set):
                self.order.append(self.run_.id)
                self.leave.wait(20)
        except queue.CancelledError:
            self.cancelled = True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "POLL_SECONDS", 0.01)


def test_runs_take_turns_in_the_order_they_came(config: RunConfig, runs_dir: Path) -> None:
    order: list[str] = []
    waiters: list[Waiter] = []
    for number in range(4):
        waiters.append(Waiter(runs.create(config), order))
        if number == 0:
            until(lambda: len(order) == 1)
        else:
            until(lambda: queue.place(waiters[-1].run_) == len(waiters) - 1)
    ids = [waiter.run_.id for waiter in waiters]
    assert [queue.place(waiter.run_) for waiter in waiters] == [None, 1, 2, 3]

    waiters[1].cancel.set()
    waiters[1].join(20)
    assert waiters[1].cancelled
    assert [queue.place(waiters[2].run_), queue.place(waiters[3].run_)] == [1, 2]

    waiters[0].leave.set()
    until(lambda: len(order) == 2)
    assert queue.place(waiters[3].run_) == 1
    waiters[2].leave.set()
    until(lambda: len(order) == 3)
    waiters[3].leave.set()
    waiters[3].join(20)
    assert order == [ids[0], ids[2], ids[3]]


def test_as_many_run_at_once_as_there_are_slots(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", "2")
    order: list[str] = []
    waiters = [Waiter(runs.create(config), order) for _ in range(3)]
    until(lambda: len(order) == 2)
    time.sleep(0.1)
    assert len(order) == 2
    for waiter in waiters:
        waiter.leave.set()
    until(lambda: len(order) == 3)


@pytest.mark.parametrize(("said", "count"), [("", 1), ("0", 1), ("-3", 1), ("4", 4)])
def test_numbers_of_slots(monkeypatch: pytest.MonkeyPatch, said: str, count: int) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", said)
    assert queue.slots() == count


@pytest.mark.parametrize("said", ["x", "2.5", "two"])
def test_slots_that_are_no_number_are_a_sentence_before_anything_starts(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", said)
    with pytest.raises(UserError, match=r"AEVIZ_WORKERS .* whole number; it is"):
        worker.start(config)
    assert runs.runs() == []


def test_what_a_dead_process_left_behind_holds_nobody_up(config: RunConfig, runs_dir: Path) -> None:
    (runs_dir / ".queue").mkdir()
    ticket = runs_dir / ".queue" / "00000000000000000001-long-dead"
    ticket.touch()
    (runs_dir / ".queue" / "slot-0").touch()
    with queue.turn(runs.create(config), cancelled=lambda: False):
        assert not ticket.exists()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.held(path)
    code = (
        "import sys, time; from pathlib import Path; from aeviz.training import locks\n"
        "lock = locks.take(Path(sys.argv[1])); print('locked', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    assert locks.held(path)
    assert locks.take(path) is None
    process.kill()
    process.wait()
    process.stdout.close()
    assert not locks.held(path)
    lock = locks.take(path)
    assert lock is not None
    lock.close()
