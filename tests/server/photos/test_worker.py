"""Turns between pages, with jobs whose steps the test releases one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from waiting import until

from aeviz.errors import UserError
from aeviz.server.photos import worker
from aeviz.server.photos.worker import SMALL_PIXELS, PhotoJob, Step, Steps, Worker

LARGE = 40_000_000


class Page:
    """A client that records the messages it gets."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.tiles: list[int] = []
        self.ended = threading.Semaphore(0)

    def send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["state"] in ("done", "stopped", "failed"):
            self.ended.release()

    def show(self, job: PhotoJob, step: Step) -> None:
        self.tiles.append(job.number)

    def states(self, number: int) -> list[str]:
        return [message["state"] for message in self.messages if message["job"] == number]

    def wait(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.ended.acquire(timeout=10)


class Bench:
    """A worker, and a gate that each step of a job waits at."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.gate = threading.Semaphore(0)
        self.at_gate = threading.Semaphore(0)
        self.order: list[str] = []
        self.closed: list[str] = []

    def job(
        self, page: Page, number: int, steps: int = 1, pixels: int = 100, name: str = "", **end: Any
    ) -> PhotoJob:
        return PhotoJob(page, number, pixels, self._steps(name or str(number), steps, end))

    def _steps(self, name: str, count: int, end: dict[str, Any]) -> Steps:
        try:
            for done in range(1, count + 1):
                self.at_gate.release()
                assert self.gate.acquire(timeout=10)
                self.order.append(name)
                yield Step(done, count, (0, 0, 1, 1), np.zeros((1, 1, 1), np.uint8))
        except GeneratorExit:
            self.closed.append(name)
            raise
        return end

    def begun(self) -> None:
        """Wait until a step is under way."""
        assert self.at_gate.acquire(timeout=10)

    def open(self) -> None:
        self.gate.release(10_000)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.open()
    bench.worker.close()


def test_a_job_tells_its_states_in_order_and_what_its_steps_answer(bench: Bench) -> None:
    page = Page()
    bench.worker.submit(bench.job(page, 5, steps=3, result="r", notes=[]))
    bench.open()
    page.wait()
    assert page.states(5) == ["waiting", "working", "working", "working", "done"]
    assert page.messages[0]["ahead"] == 0
    assert [(m["done"], m["total"]) for m in page.messages[1:4]] == [(1, 3), (2, 3), (3, 3)]
    assert page.messages[3]["seconds_left"] == 0
    assert page.messages[4]["result"] == "r"
    assert page.messages[4]["seconds"] >= 0
    assert page.tiles == [5, 5, 5]


def test_pages_take_turns_so_that_a_small_photo_passes_a_large_one(bench: Bench) -> None:
    large, small = Page(), Page()
    bench.worker.submit(bench.job(large, 1, steps=50, pixels=LARGE, name="large"))
    bench.begun()
    bench.worker.submit(bench.job(small, 1, steps=2, name="small"))
    assert small.messages[0]["ahead"] == 1
    bench.open()
    small.wait()
    large.wait()
    assert bench.order[:5] == ["large", "small", "large", "small", "large"]


def test_a_page_whose_steps_take_long_has_fewer_of_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(worker.time, "perf_counter", lambda: now)
    order: list[str] = []

    def steps(name: str, seconds: float, count: int) -> Steps:
        nonlocal now
        for done in range(1, count + 1):
            now += seconds
            order.append(name)
            yield Step(done, count)
        return {}

    first, slow, quick = Page(), Page(), Page()
    bench.worker.submit(bench.job(first, 0))
    bench.begun()  # so that the others are there when turns are given
    bench.worker.submit(PhotoJob(slow, 1, 100, steps("slow", 10, 3)))
    bench.worker.submit(PhotoJob(quick, 1, 100, steps("quick", 1, 20)))
    bench.open()
    slow.wait()
    quick.wait()
    assert order[:13] == ["slow", *["quick"] * 10, "slow", "quick"]


def test_jobs_of_one_page_come_one_after_the_other_unless_one_is_to_be_first(bench: Bench) -> None:
    page = Page()
    for number in (1, 2, 3):
        bench.worker.submit(bench.job(page, number, steps=2))
        if number == 1:
            bench.begun()
    bench.worker.submit(bench.job(page, 4, steps=2), first=True)
    bench.open()
    page.wait(4)
    assert bench.order == ["1", "4", "4", "1", "2", "2", "3", "3"]


def test_of_one_page_few_jobs_are_begun_however_many_are_to_be_first(bench: Bench) -> None:
    page, begun, most = Page(), 0, 0

    def steps(number: int) -> Steps:
        nonlocal begun, most
        begun += 1
        most = max(most, begun)
        if number < 8:
            job = PhotoJob(page, number + 1, 100, steps(number + 1))
            bench.worker.submit(job, first=True)
        for done in (1, 2, 3):
            yield Step(done, 3)
        begun -= 1
        return {}

    bench.worker.submit(PhotoJob(page, 0, 100, steps(0)))
    page.wait(9)
    assert most == worker.MAX_STARTED


def test_a_stopped_job_ends_after_the_tile_under_way_and_the_next_one_begins(bench: Bench) -> None:
    page = Page()
    bench.worker.submit(bench.job(page, 1, steps=50))
    bench.worker.submit(bench.job(page, 2))
    bench.begun()
    bench.worker.stop(page, 1)
    bench.open()
    page.wait(2)
    assert bench.order == ["1", "2"]
    assert bench.closed == ["1"]
    assert page.states(1)[-1] == "stopped"
    assert page.states(2)[-1] == "done"
    assert page.tiles == [2], "a tile that nobody waits for is not sent"


def test_a_waiting_job_is_stopped_without_being_begun(bench: Bench) -> None:
    page, other = Page(), Page()
    bench.worker.submit(bench.job(other, 1))
    bench.begun()
    bench.worker.submit(bench.job(page, 7))
    bench.worker.stop(page, 7)
    bench.worker.stop(page, 8)  # which there is not
    bench.open()
    page.wait()
    other.wait()
    assert page.states(7) == ["waiting", "stopped"]
    assert bench.order == ["1"]


def test_the_jobs_of_a_page_that_has_gone_end(bench: Bench) -> None:
    gone, here = Page(), Page()
    for number in (1, 2):
        bench.worker.submit(bench.job(gone, number, steps=50, name="gone"))
    bench.begun()
    bench.worker.submit(bench.job(here, 1, name="here"))
    bench.worker.forget(gone)
    bench.open()
    here.wait()
    gone.wait(2)
    assert bench.order == ["gone", "here"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("Nothing is marked."), "Nothing is marked."),
        (MemoryError(), "Not enough memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "Not enough memory"),
        (ZeroDivisionError("at line 3"), "its log has details"),
    ],
)
def test_a_job_that_fails_is_told_in_a_sentence_and_the_next_one_runs(
    bench: Bench, error: Exception, said: str
) -> None:
    def failing() -> Steps:
        raise error
        yield

    page = Page()
    bench.worker.submit(PhotoJob(page, 1, LARGE, failing()))
    bench.worker.submit(bench.job(page, 2, pixels=LARGE))
    bench.open()
    page.wait(2)
    assert page.states(1) == ["waiting", "failed"]
    assert said in page.messages[[m["state"] for m in page.messages].index("failed")]["error"]
    assert page.states(2)[-1] == "done"


def test_large_results_wait_for_room_and_small_ones_pass_them(bench: Bench) -> None:
    pages = [Page() for _ in range(4)]
    for page, name in zip(pages, ("a", "b", "c"), strict=False):
        bench.worker.submit(bench.job(page, 1, steps=3, pixels=LARGE, name=name))
    bench.begun()
    bench.worker.submit(bench.job(pages[3], 1, steps=1, pixels=SMALL_PIXELS, name="small"))
    bench.open()
    for page in pages:
        page.wait()
    assert bench.order[:2] == ["a", "small"]
    assert "".join(bench.order).replace("small", "") == "aaabbbccc"


def test_two_results_that_fit_are_made_side_by_side(bench: Bench) -> None:
    pages = [Page(), Page()]
    for page, name in zip(pages, "ab", strict=True):
        bench.worker.submit(bench.job(page, 1, steps=3, pixels=worker.HELD_PIXELS // 2, name=name))
        if name == "a":
            bench.begun()
    bench.open()
    for page in pages:
        page.wait()
    assert "".join(bench.order) == "ababab"


def test_the_largest_photo_is_not_passed_by_others_for_ever(bench: Bench) -> None:
    whole = worker.HELD_PIXELS
    first, largest, late = Page(), Page(), Page()
    bench.worker.submit(bench.job(first, 1, steps=4, pixels=whole // 2, name="first"))
    bench.begun()
    bench.worker.submit(bench.job(largest, 1, steps=2, pixels=whole, name="largest"))
    bench.worker.submit(bench.job(late, 1, steps=2, pixels=whole // 2, name="late"))
    bench.open()
    for page in (first, largest, late):
        page.wait()
    assert bench.order == ["first"] * 4 + ["largest"] * 2 + ["late"] * 2


def test_a_waiting_large_job_of_a_page_that_goes_keeps_no_place(bench: Bench) -> None:
    whole = worker.HELD_PIXELS
    first, largest, late = Page(), Page(), Page()
    bench.worker.submit(bench.job(first, 1, steps=9, pixels=whole // 2, name="first"))
    bench.begun()
    bench.worker.submit(bench.job(largest, 1, pixels=whole, name="largest"))
    bench.worker.submit(bench.job(late, 1, steps=1, pixels=whole // 2, name="late"))
    bench.gate.release(2)  # the largest has been passed over, and is waited for
    for _ in range(2):
        bench.begun()
    bench.worker.forget(largest)
    bench.open()
    late.wait()
    assert "late" in bench.order[:6]
    first.wait()


def test_a_number_in_use_and_too_many_jobs_are_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MAX_JOBS", 2)
    page = Page()
    bench.worker.submit(bench.job(page, 1))
    with pytest.raises(UserError, match="Job 1 is still under way"):
        bench.worker.submit(bench.job(page, 1))
    bench.worker.submit(bench.job(page, 2))
    with pytest.raises(UserError, match="2 photos of this page are waiting"):
        bench.worker.submit(bench.job(page, 3))
    bench.worker.submit(bench.job(Page(), 1))


def test_closing_ends_the_thread() -> None:
    bench = Bench()
    bench.worker.submit(bench.job(Page(), 1, steps=1000))
    bench.begun()
    bench.open()
    bench.worker.close()
    until(lambda: not bench.worker._thread.is_alive())
