"""The lock on a run's `pid` file: held from its process's start to its end."""

from __future__ import annotations

from typing import TextIO

from aeviz.io import atomic, locks
from aeviz.runs.store import Run

LEAVING_SECONDS = 30
"""How long a process may take to end after it has written that its run is over."""


def lock_of(run: Run, patience: float) -> TextIO | None:
    """Take the lock that marks the run as being worked on; None if a process holds it."""
    with atomic.in_words("The run's folder cannot be written"):
        return locks.take(run.pid_path, patience)


def lock_once_over(run: Run) -> TextIO | None:
    """Take the same lock of a run that may have just ended: on a busy machine, its process holds
    the lock for some seconds after that. None if the run is not over."""
    for _ in range(LEAVING_SECONDS):
        lock = lock_of(run, patience=1.0)
        if lock is not None or not run.is_over:
            return lock
    return None
