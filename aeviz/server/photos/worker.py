"""One thread that computes all restoration jobs, alternating between pages tile by tile.

A job is a generator that yields after each tile, so scheduling is a loop over generators, and
stopping a job means closing its generator. The page that has used the least of the thread's time
comes next: a phone photo of one student, or a slow filter, never delays the small images of 29
others. A started job holds its result in memory: large ones start only while there is room.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from aeviz.errors import UserError, is_out_of_memory
from aeviz.io.priority import lower_thread
from aeviz.server.photos.store import GoneError

SMALL_PIXELS: Final = 2_000_000  # jobs with results of up to so many pixels may always start
HELD_PIXELS: Final = 64_000_000  # pixels of the results of started jobs, small ones not counted
MAX_JOBS: Final = 1000  # waiting jobs of one page
MAX_STARTED: Final = 4  # started jobs of one page
MIN_STEP_SECONDS: Final = 0.25  # each step counts for at least so long

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """Progress of a job: `done` of `total` steps. If the step finished a tile of the result, its
    `pixels` are uint8 (h, w, C) at `box` (left, top, right, bottom)."""

    done: int
    total: int
    box: tuple[int, int, int, int] | None = None
    pixels: np.ndarray | None = None


Message = dict[str, Any]
Steps = Generator[Step | None, None, Message]
"""Yields a Step per tile, or None for other work; returns the fields of the "done" message."""


class PhotoClient(Protocol):
    """A page's connection as the worker sees it; called from the worker's thread, never blocks."""

    def send(self, message: Message) -> None:
        """Send a message about a job."""

    def show(self, job: PhotoJob, step: Step) -> None:
        """Send a finished tile."""


@dataclass(eq=False)
class PhotoJob:
    """A restoration job: `number` is the page's own for it, `pixels` the size of its result."""

    client: PhotoClient
    number: int
    pixels: int
    steps: Steps
    began: float = 0.0  # start time; 0 while it waits
    seconds: float = 0.0
    stopped: bool = False

    @property
    def large(self) -> bool:
        return self.pixels > SMALL_PIXELS

    def report(self, state: str, **more: Any) -> None:
        self.client.send({"job": self.number, "state": state, **more})


class Worker:
    """Computes the jobs of all pages."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        # The pages with jobs, the one whose turn is next first, and the jobs of each in order.
        self._turns: dict[PhotoClient, deque[PhotoJob]] = {}
        self._spent: dict[PhotoClient, float] = {}  # seconds of the thread per page with jobs
        self._stopped: deque[PhotoJob] = deque()
        self._held = 0
        self._reserved: PhotoClient | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="darkroom", daemon=True)
        self._thread.start()

    def submit(self, job: PhotoJob, first: bool = False) -> None:
        """Queue a job behind its page's others, or before them if `first`.

        UserError if the page has too many jobs, or one of this number.
        """
        with self._wake:
            own = self._turns.get(job.client, deque())
            if len(own) >= MAX_JOBS:
                raise UserError(f"{MAX_JOBS:,} photos of this page are waiting: try again later.")
            if any(job.number == other.number for other in own):
                raise UserError(f"Job {job.number} is still under way: choose another number.")
            ahead = (0 if first else len(own)) + len(self._turns.keys() - {job.client})
            if first:
                own.appendleft(job)
            else:
                own.append(job)
            if job.client not in self._turns:  # a new page starts level with the least served one
                self._spent[job.client] = min(self._spent.values(), default=0.0)
            self._turns.setdefault(job.client, own)
            job.report("waiting", ahead=ahead)  # under the lock, so that this message comes first
            self._wake.notify()

    def stop(self, client: PhotoClient, number: int) -> None:
        """End this job of the page, waiting or started; no effect if there is none."""
        with self._wake:
            for job in self._turns.get(client, ()):
                if job.number == number:
                    self._mark_stopped(job)
                    break
            self._wake.notify()

    def forget(self, client: PhotoClient) -> None:
        """End all jobs of a page that has left."""
        with self._wake:
            for job in self._turns.get(client, ()):
                self._mark_stopped(job)
            self._wake.notify()

    def close(self) -> None:
        """Let the thread end after its step, and wait a little for that."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(5)

    def _mark_stopped(self, job: PhotoJob) -> None:
        if not job.stopped:
            job.stopped = True
            self._stopped.append(job)

    def _run(self) -> None:
        lower_thread()
        while True:
            with self._wake:
                while (job := self._next()) is None and not self._closed:
                    self._wake.wait()
                if job is None or self._closed:
                    return
            began = time.perf_counter()
            self._advance(job)
            took = max(time.perf_counter() - began, MIN_STEP_SECONDS)
            with self._wake:  # move its page to the end, behind pages that came meanwhile
                jobs = self._turns.pop(job.client, None)
                spent = self._spent.pop(job.client, 0.0)
                if jobs:
                    self._turns[job.client] = jobs
                    self._spent[job.client] = spent + took

    def _next(self) -> PhotoJob | None:
        """A stopped job to close; else a job of the page whose turn it is."""
        if self._stopped:
            return self._stopped.popleft()
        for client in sorted(self._turns, key=lambda client: self._spent[client]):
            jobs = self._turns[client]
            full = sum(job.began > 0 for job in jobs) >= MAX_STARTED
            for job in jobs:
                if job.began or (not full and self._may_start(job)):
                    return job
        return None

    def _may_start(self, job: PhotoJob) -> bool:
        """Whether there is room for the job's result."""
        if not job.large:
            return True
        if self._reserved not in (None, job.client):
            return False  # a larger job waits for room that this one would take again and again
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
        except Exception as error:  # a failed job must not end the thread
            self._end(job, "failed", **failure(error))
        else:
            job.seconds += time.perf_counter() - now

    def _step(self, job: PhotoJob) -> None:
        """Run a step and report it; after the last tile, run on to the end of the job."""
        while (step := next(job.steps)) is not None:
            left = (time.perf_counter() - job.began) / step.done
            left = round(left * (step.total - step.done), 1)
            job.report("working", done=step.done, total=step.total, seconds_left=left)
            if step.pixels is not None and not job.stopped:
                job.client.show(job, step)
            if step.done < step.total:
                return

    def _end(self, job: PhotoJob, state: str, **more: Any) -> None:
        with self._wake:
            jobs = self._turns.get(job.client, deque())
            if job in jobs:
                jobs.remove(job)
            if job in self._stopped:  # stopped just as it ended
                self._stopped.remove(job)
            if self._reserved is job.client:
                self._reserved = None
            if job.began and job.large:
                self._held -= job.pixels
        job.report(state, **more)


def failure(error: Exception) -> Message:
    """The fields of a "failed" message: a sentence, and `gone` if sending the photo again would
    help. Technical details go to the log."""
    if isinstance(error, UserError):
        return {"error": str(error), "gone": isinstance(error, GoneError)}
    if is_out_of_memory(error):
        log.warning("a job needed too much memory: %s", error)
        sentence = "Not enough memory for this photo: make it smaller, or try again later."
    else:
        log.error("a job failed", exc_info=error)
        sentence = "The server could not restore this photo; its log has details."
    return {"error": sentence, "gone": False}
