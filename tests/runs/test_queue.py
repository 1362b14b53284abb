from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import until

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import locks, machine
from aeviz.limits import Limit
from aeviz.runs import queue, spawn, store
from aeviz.runs.fair_share import Ticket
from aeviz.runs.store import Run
from aeviz.runs.time_slice import TimeSlice


class Waiter(threading.Thread):
    """Waits for a run's turn, and holds it until it is released."""

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
                self.leave.wait(120)
        except queue.CancelledError:
            self.cancelled = True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", "1")
    monkeypatch.setattr(queue, "POLL_SECONDS", 0.01)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of waiting runs, one entry for each check of their turn."""
    found: list[str] = []
    place = queue._place

    def look(ticket: Ticket) -> int:
        found.append(ticket.run)
        return place(ticket)

    monkeypatch.setattr(queue, "_place", look)
    return found


def test_runs_take_turns_in_the_order_they_came(config: RunConfig, runs_dir: Path) -> None:
    order: list[str] = []
    waiters: list[Waiter] = []
    for number in range(4):
        waiters.append(Waiter(store.create(config), order))
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
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch, looks: list[str]
) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", "2")
    order: list[str] = []
    waiters = [Waiter(store.create(config), order) for _ in range(3)]
    until(lambda: len(order) == 2)
    [third] = {waiter.run_.id for waiter in waiters} - {*order}
    until(lambda: looks.count(third) > 5)
    assert len(order) == 2
    for waiter in waiters:
        waiter.leave.set()
    until(lambda: len(order) == 3)


@pytest.mark.parametrize(("said", "count"), [("0", 1), ("-3", 1), ("1", 1), ("4", 4), ("9", 9)])
def test_numbers_of_slots(monkeypatch: pytest.MonkeyPatch, said: str, count: int) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", said)
    assert queue.slots() == count


@pytest.mark.parametrize(
    ("cores", "gpu", "count"),
    [(1, False, 1), (2, False, 1), (4, False, 1), (8, False, 2), (16, False, 4), (64, False, 4),
     (2, True, 1), (4, True, 2), (8, True, 4), (64, True, 4)],
)  # fmt: skip
def test_a_machine_that_is_told_nothing_takes_what_it_carries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cores: int, gpu: bool, count: int
) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", "")
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(queue, "_GPU", tmp_path if gpu else tmp_path / "none")
    assert queue.slots() == count


def test_a_run_that_is_moved_up_is_next_and_only_once(config: RunConfig, runs_dir: Path) -> None:
    order: list[str] = []
    waiters = []
    for number in range(4):
        waiters.append(Waiter(store.create(config), order))
        until(lambda number=number: len(order) + len(queue.places()) == number + 1)
    last = waiters[3]
    queue.move_up(last.run_)
    assert queue.place(last.run_) == 1
    waiters[0].leave.set()
    until(lambda: len(order) == 2)
    assert order[1] == last.run_.id
    assert list((runs_dir / ".queue").glob("first-*")) == []
    for waiter in waiters:
        waiter.leave.set()
    for waiter in waiters:
        waiter.join(20)


def test_a_long_training_makes_way_only_for_somebody_elses_run(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.runs.time_slice.CHECK_SECONDS", 0.0)
    monkeypatch.setattr("aeviz.limits.LONGEST_TRAINING_SECONDS", -1.0)
    ada, bob, order = "a" * 32, "b" * 32, []
    waiters = [Waiter(store.create(config, ada), order)]
    until(lambda: len(order) == 1)
    time_slice = TimeSlice(ada)
    waiters.append(Waiter(store.create(config, ada), order))
    until(lambda: len(queue.places()) == 1)
    time_slice.begin()
    assert not time_slice.check()  # her own next run
    waiters.append(Waiter(store.create(config, bob), order))
    until(lambda: len(queue.places()) == 2)
    assert not TimeSlice(ada).check()  # its turn has not begun
    assert time_slice.check()
    assert time_slice.is_over
    for waiter in waiters:
        waiter.leave.set()
    for waiter in waiters:
        waiter.join(20)


def test_one_person_has_so_many_runs_that_wait(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.limits.RUNS", Limit(in_all=3, person=2))
    monkeypatch.setattr(spawn, "_spawn", lambda run, change=None: None)
    for _ in range(2):
        spawn.start(config, "a" * 32)
    with pytest.raises(UserError, match="You have 2 runs that train or wait"):
        spawn.start(config, "a" * 32)
    spawn.start(config, "b" * 32)
    with pytest.raises(UserError, match="3 runs wait already"):
        spawn.start(config, "c" * 32)
    assert len(store.runs()) == 3
    store.runs()[0].write_status(store.Status("done"))
    spawn.start(config, "c" * 32)


def test_a_run_of_somebody_who_has_none_comes_before_anothers_second(
    config: RunConfig, runs_dir: Path
) -> None:
    ada, bob, order = "a" * 32, "b" * 32, []
    waiters = [Waiter(store.create(config, ada), order)]
    until(lambda: len(order) == 1)
    for owner in (ada, ada, bob):
        waiters.append(Waiter(store.create(config, owner), order))
        until(lambda: len(queue.places()) == len(waiters) - 1)
    assert [queue.place(waiter.run_) for waiter in waiters] == [None, 2, 3, 1]
    for number, next_one in enumerate((3, 1, 2), 2):
        waiters[(0, 3, 1)[number - 2]].leave.set()
        until(lambda number=number: len(order) == number)
        assert order[-1] == waiters[next_one].run_.id
    waiters[2].leave.set()
    for waiter in waiters:
        waiter.join(20)


def test_the_next_in_the_queue_is_told_so_once_and_the_others_are_not(
    config: RunConfig, runs_dir: Path, looks: list[str]
) -> None:
    order: list[str] = []
    first = Waiter(store.create(config), order)
    until(lambda: len(order) == 1)
    told: list[str] = []
    cancel = threading.Event()

    def wait(run: Run) -> None:
        with (
            contextlib.suppress(queue.CancelledError),
            queue.turn(run, cancel.is_set, lambda: told.append(run.id)),
        ):
            pass

    waiting = [store.create(config) for _ in range(2)]
    threads = []
    for run in waiting:
        threads.append(threading.Thread(target=wait, args=(run,)))
        threads[-1].start()
        until(lambda run=run: queue.place(run) is not None)
    until(lambda: bool(told))
    looks.clear()
    until(lambda: all(looks.count(run.id) > 5 for run in waiting))
    assert told == [waiting[0].id]
    cancel.set()
    for thread in threads:
        thread.join(20)
    first.leave.set()
    first.join(20)


def test_a_turn_that_is_held_already_is_had_at_once(config: RunConfig, runs_dir: Path) -> None:
    run = store.create(config)
    with queue.turn(run, lambda: False), queue.turn(run, lambda: True):
        pass
    with pytest.raises(queue.CancelledError), queue.turn(run, lambda: True):
        raise AssertionError


def test_two_servers_never_train_more_than_there_are_slots(
    config: RunConfig, runs_dir: Path
) -> None:
    """Six processes of two servers, which share nothing but the folder, and one slot."""
    code = (
        "import sys, time; from pathlib import Path; from aeviz.runs import queue, store\n"
        "queue.POLL_SECONDS = 0.01; run = store.Run(Path(sys.argv[1])); log = Path(sys.argv[2])\n"
        "with queue.turn(run, lambda: False):\n"
        "    log.open('a').write('in\\n'); time.sleep(0.05); log.open('a').write('out\\n')\n"
    )
    log = runs_dir / "log"
    made = [store.create(config, owner * 32) for owner in "aaaabb"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(run.folder), str(log)], cwd=Path(__file__).parents[2]
        )
        for run in made
    ]
    assert [process.wait(60) for process in processes] == [0] * 6
    assert log.read_text().split() == ["in", "out"] * 6
    assert queue.places() == {}


def test_waiting_takes_no_training_library() -> None:
    check = (
        "import sys, aeviz.runs.process, aeviz.runs.queue\n"
        "print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert answer.stdout == "False False\n", answer.stderr


@pytest.mark.parametrize("said", ["x", "2.5", "two"])
def test_slots_that_are_no_number_are_a_sentence_before_anything_starts(
    config: RunConfig, runs_dir: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", said)
    with pytest.raises(UserError, match=r"AEVIZ_WORKERS .* whole number; it is"):
        spawn.start(config)
    assert store.runs() == []


def test_what_a_dead_process_left_behind_holds_nobody_up(config: RunConfig, runs_dir: Path) -> None:
    (runs_dir / ".queue").mkdir()
    ticket = runs_dir / ".queue" / "00000000000000000001-long-dead"
    ticket.touch()
    (runs_dir / ".queue" / "slot-0").touch()
    with queue.turn(store.create(config), cancelled=lambda: False):
        assert not ticket.exists()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.held(path)
    code = (
        "import sys, time; from pathlib import Path; from aeviz.io import locks\n"
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
