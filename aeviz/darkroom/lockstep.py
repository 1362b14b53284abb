"""A function that calls back, as a generator that the worker can take steps of."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from aeviz.errors import UserError

T = TypeVar("T")
R = TypeVar("R")


class _ClosedError(UserError):
    """Raised inside the function where nobody wants its result any more."""


class _Lockstep(Generic[T, R]):
    def __init__(self, run: Callable[[Callable[[T], None]], R]) -> None:
        self._run = run
        self.go = threading.Semaphore(0)
        self.said: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.closed = False
        self.thread = threading.Thread(target=self._work, name="darkroom-job", daemon=True)

    def _work(self) -> None:
        try:
            self.go.acquire()
            self.said.put(("end", self._run(self._say)))
        except BaseException as error:  # raised again by who takes the steps
            self.said.put(("error", error))

    def _say(self, item: T) -> None:
        self.said.put(("item", item))
        self.go.acquire()
        if self.closed:
            raise _ClosedError("Stopped.")


def lockstep(run: Callable[[Callable[[T], None]], R]) -> Generator[T, None, R]:
    """Yields what `run` passes to its callback and returns what it returns.

    It runs in a thread of its own, but only while a step is being taken.
    """
    state = _Lockstep(run)
    state.thread.start()
    try:
        while True:
            state.go.release()
            kind, value = state.said.get()
            if kind == "end":
                return value
            if kind == "error":
                raise value
            yield value
    finally:
        state.closed = True
        state.go.release()
        state.thread.join()  # what it holds is let go of before anything else begins
