"""One thread that computes all jobs, a tile of one page's job after a tile of another's.

A job is a generator whose every step is about a tile's work, so taking turns is a loop over them,
and stopping is closing one. The page that has had the least of the thread's time comes next: a
phone photo of one student, or a slow filter, never holds up the small pictures of 29 others. A
started job holds its result in memory: large ones start only while there is room.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from aeviz.errors import UserError, is_out_of_memory
from aeviz.server.photos.store import GoneError

SMALL_PIXELS: Final = 2_000_000  # a result of so many is always begun
HELD_PIXELS: Final = 64_000_000  # of results that are begun, small ones not counted
MAX_JOBS: Final = 1000  # that wait for one page
MAX_BEGUN: Final = 4  # of one page
SHORTEST_TURN: Final = 0.25  # seconds that a step counts at least
NICENESS: Final = 5
"""Behind what a page waits for at once, before training (`aeviz.runs.worker`)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """`done` of `total` steps of a job are done; pixels uint8 (h, w, C) are what the last one
    finished of the result at `box` (left, top, right, bottom), if it did."""

    done: int
    total: int
    box: tuple[int, int, int, int] | None = None
    pixels: np.ndarray | None = None


Message = dict[str, Any]
Steps = Generator[Step | None, None, Message]
"""None stands for work that is no tile's; the end is what the page is told beside "done"."""


class PhotoClient(Protocol):
    """A page's connection as the worker sees it; called from the worker's thread, never waits."""

    def tell(self, message: Message) -> None:
        """A message about a job."""

    def show(self, job: PhotoJob, step: Step) -> None:
        """A finished tile."""


@dataclass(eq=False)
class PhotoJob:
    """Work of one page, under the page's own number, on a result of so many pixels."""

    client: PhotoClient
    number: int
    pixels: int
    steps: Steps
    began: float = 0.0  # when; 0 while it waits
    seconds: float = 0.0
    stopped: bool = False

    @property
    def large(self) -> bool:
        return self.pixels > SMALL_PIXELS

    def say(self, state: str, **more: Any) -> None:
        self.client.tell({"job": self.number, "state": state, **more})


class Worker:
    """Computes the jobs of all pages."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        # The pages that wait, whose turn is next first, each with its jobs in their order.
        self._turns: dict[PhotoClient, deque[PhotoJob]] = {}
        self._spent: dict[PhotoClient, float] = {}  # seconds, of the pages that wait
        self._stopped: deque[PhotoJob] = deque()
        self._held = 0
        self._reserved: PhotoClient | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="darkroom", daemon=True)
        self._thread.start()

    def submit(self, job: PhotoJob, first: bool = False) -> None:
        """Queue a job behind its page's others, or before those; UserError where they are too many
        or one has this number."""
        with self._wake:
            own = self._turns.get(job.client, deque())
            if len(own) >= MAX_JOBS:
                raise UserError(f"{MAX_JOBS:,} photos of this page wait already: try again later.")
            if any(job.number == other.number for other in own):
                raise UserError(f"Job {job.number} is still under way: choose another number.")
            ahead = (0 if first else len(own)) + len(self._turns.keys() - {job.client})
            if first:
                own.appendleft(job)
            else:
                own.append(job)
            if job.client not in self._turns:  # it counts from where the others are
                self._spent[job.client] = min(self._spent.values(), default=0.0)
            self._turns.setdefault(job.client, own)
            job.say("waiting", ahead=ahead)  # before the thread can say anything else of it
            self._wake.notify()

    def stop(self, client: PhotoClient, number: int) -> None:
        """End this job of the page, wherever it stands; without effect where there is none."""
        with self._wake:
            for job in self._turns.get(client, ()):
                if job.number == number:
                    self._to_be_closed(job)
                    break
            self._wake.notify()

    def forget(self, client: PhotoClient) -> None:
        """End all jobs of a page that has gone."""
        with self._wake:
            for job in self._turns.get(client, ()):
                self._to_be_closed(job)
            self._wake.notify()

    def close(self) -> None:
        """Let the thread end after its step, and wait a little for that."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(5)

    def _to_be_closed(self, job: PhotoJob) -> None:
        if not job.stopped:
            job.stopped = True
            self._stopped.append(job)

    def _run(self) -> None:
        lower_priority()
        while True:
            with self._wake:
                while (job := self._next()) is None and not self._closed:
                    self._wake.wait()
                if job is None or self._closed:
                    return
            began = time.perf_counter()
            self._advance(job)
            took = max(time.perf_counter() - began, SHORTEST_TURN)
            with self._wake:  # its page goes to the end of the line, behind who came meanwhile
                jobs = self._turns.pop(job.client, None)
                spent = self._spent.pop(job.client, 0.0)
                if jobs:
                    self._turns[job.client] = jobs
                    self._spent[job.client] = spent + took

    def _next(self) -> PhotoJob | None:
        """A stopped job, to be closed; else a job of the page whose turn it is."""
        if self._stopped:
            return self._stopped.popleft()
        for client in sorted(self._turns, key=lambda client: self._spent[client]):
            jobs = self._turns[client]
            full = sum(job.began > 0 for job in jobs) >= MAX_BEGUN
            for job in jobs:
                if job.began or (not full and self._may_begin(job)):
                    return job
        return None

    def _may_begin(self, job: PhotoJob) -> bool:
        """Whether there is room for the job's result."""
        if not job.large:
            return True
        if self._reserved not in (None, job.client):
            return False  # a larger one, of which these would take the room each time, is before
        if self._held and self._held + job.pixels > HELD_PIXELS:
            self._reserved = job.client
            return False
        self._reserved = None
        return True

    def _advance(self, job: PhotoJob) -> None:
        """One step of the job, or its end."""
        now = time.perf_counter()
        try:
            if job.stopped:
                job.steps.close()
                self._end(job, "stopped")
                return
            if not job.began:
                job.began = now
                self._held += job.pixels if job.large else 0
            self._step(job)
        except StopIteration as end:
            job.seconds += time.perf_counter() - now
            self._end(job, "done", seconds=round(job.seconds, 3), **end.value)
        except Exception as error:  # one bad job must not end the thread that serves everybody
            self._end(job, "failed", **failure(error))
        else:
            job.seconds += time.perf_counter() - now

    def _step(self, job: PhotoJob) -> None:
        """A step, told to the page; after the last tile the end follows in the same turn."""
        while (step := next(job.steps)) is not None:
            left = (time.perf_counter() - job.began) / step.done
            left = round(left * (step.total - step.done), 1)
            job.say("working", done=step.done, total=step.total, seconds_left=left)
            if step.pixels is not None and not job.stopped:
                job.client.show(job, step)
            if step.done < step.total:
                return

    def _end(self, job: PhotoJob, state: str, **more: Any) -> None:
        with self._wake:
            jobs = self._turns.get(job.client, deque())
            if job in jobs:
                jobs.remove(job)
            if job in self._stopped:  # stopped as it ended
                self._stopped.remove(job)
            if self._reserved is job.client:
                self._reserved = None
            if job.began and job.large:
                self._held -= job.pixels
        job.say(state, **more)


def failure(error: Exception) -> Message:
    """What a page is told beside "failed": a sentence, and `gone` where sending the photo again
    would help. What is not for people goes to the log."""
    if isinstance(error, UserError):
        return {"error": str(error), "gone": isinstance(error, GoneError)}
    if is_out_of_memory(error):
        log.warning("a job needed too much memory: %s", error)
        said = "The server's memory is not enough for this photo: make it smaller, or try later."
    else:
        log.error("a job failed", exc_info=error)
        said = "The server could not work on this photo; its log has details."
    return {"error": said, "gone": False}


def lower_priority() -> None:
    """The calling thread, and those it starts, give way to the rest of the server; on Linux, where
    a thread has a priority of its own."""
    with suppress(AttributeError, OSError):
        if os.uname().sysname == "Linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
