"""The lock on a run's `pid` file: held from its process's start to its end."""

from __future__ import annotations

from typing import TextIO

from aeviz.io import atomic, locks
from aeviz.runs.store import Run

LEAVING_SECONDS = 30
"""How long a process that has ended its run may take to be gone."""


def lock_of(run: Run, patience: float) -> TextIO | None:
    """The lock that says that somebody is at work on the run; None where it is taken."""
    with atomic.in_words("The run's folder cannot be written"):
        return locks.take(run.pid_path, patience)


def lock_once_over(run: Run) -> TextIO | None:
    """The same lock, of a run that may have ended just now: on a busy machine its process holds it
    for seconds after it has said so. None where the run is at work."""
    for _ in range(LEAVING_SECONDS):
        lock = lock_of(run, patience=1.0)
        if lock is not None or not run.is_over:
            return lock
    return None
