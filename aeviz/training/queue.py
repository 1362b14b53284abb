"""The queue: so many runs train at once, the others wait in the order in which they came.

A waiting run holds a locked ticket in `runs/.queue/`; the locks `slot-N` in the same folder stand
for the runs that train. All of them are freed by the system when their process ends.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from aeviz import atomic
from aeviz.errors import UserError
from aeviz.library import runs_dir
from aeviz.training import locks
from aeviz.training.runs import Run

POLL_SECONDS = 0.3


class CancelledError(Exception):
    """The run was stopped while it waited."""


def slots() -> int:
    """Runs that train at the same time on this machine: `AEVIZ_WORKERS`, else one. UserError where
    that is no number."""
    said = os.environ.get("AEVIZ_WORKERS") or "1"
    try:
        return max(1, int(said))
    except ValueError as error:
        raise UserError(
            "AEVIZ_WORKERS says how many runs train at once, so it must be a whole number; it is "
            f"{said[:40]!r}."
        ) from error


@contextlib.contextmanager
def turn(run: Run, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Waits for this run's turn and holds it. Raises CancelledError where `cancelled` says so."""
    with _ticket(run) as ticket:
        slot = None
        while slot is None:
            if cancelled():
                raise CancelledError
            if ticket in _waiting()[: slots()]:
                slot = _free_slot()
            if slot is None:
                time.sleep(POLL_SECONDS)
    with slot:
        yield


def place(run: Run) -> int | None:
    """Where a waiting run stands in the queue: 1 is next; None where it does not wait."""
    for number, ticket in enumerate(_waiting(), 1):
        if ticket.name.endswith(f"-{run.id}"):
            return number
    return None


def _folder() -> Path:
    return runs_dir() / ".queue"


@contextlib.contextmanager
def _ticket(run: Run) -> Iterator[Path]:
    """A locked file whose name sorts by time. It gets that name only once it is locked, so that
    nobody takes it for one left behind."""
    folder = _folder()
    new, ticket = folder / f".{run.id}", folder / f"{time.time_ns():020d}-{run.id}"
    with atomic.in_words("The run cannot wait for its turn"):
        folder.mkdir(parents=True, exist_ok=True)
        file = locks.take(new)
    try:
        new.rename(ticket)
        yield ticket
    finally:
        ticket.unlink(missing_ok=True)
        if file is not None:
            file.close()


def _waiting() -> list[Path]:
    """Tickets of living processes, first come first; those of dead ones are cleared away."""
    alive = []
    for ticket in sorted(_folder().glob("[0-9]*-*")):
        if locks.held(ticket):
            alive.append(ticket)
        else:
            ticket.unlink(missing_ok=True)
    return alive


def _free_slot() -> TextIO | None:
    for number in range(slots()):
        file = locks.take(_folder() / f"slot-{number}")
        if file is not None:
            return file
    return None
