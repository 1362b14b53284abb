"""Tasks that are done elsewhere: nothing is computed for nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from aeviz.errors import UserError
from aeviz.experiments.base import Task
from aeviz.experiments.run import Done, _results

TASKS = [Task(str(number), {}) for number in range(10)]


class Work:
    """Work of which all but the first task waits until `go`; `done` has the tasks that were."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.done: list[str] = []

    def __call__(self, task: Task) -> Done:
        if task.key != "0":
            self.go.wait(10)
        self.done.append(task.key)
        return Done(task.key, [], {}, 0.0)


@pytest.fixture
def work() -> Iterator[Work]:
    found = Work()
    yield found
    assert len(found.done) <= 2, "tasks were done although nobody wants them"


def test_a_task_that_fails_cancels_the_others(work: Work) -> None:
    def do(task: Task) -> Done:
        if task.key == "0":
            raise UserError("Not this one.")
        return work(task)

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(UserError, match="Not this one"):
            list(_results(pool, do, TASKS, lambda: False))
        work.go.set()


def test_results_that_cannot_be_kept_cancel_the_others(work: Work) -> None:
    def keep_all(pool: ThreadPoolExecutor) -> None:
        for _ in _results(pool, work, TASKS, lambda: False):
            raise UserError("The disk is full.")

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(UserError, match="disk is full"):
            keep_all(pool)
        work.go.set()


def test_a_stop_cancels_the_others(work: Work) -> None:
    with ThreadPoolExecutor(1) as pool:
        found = list(_results(pool, work, TASKS, lambda: bool(work.done)))
        work.go.set()
    assert [done.key for done in found] == ["0"]
