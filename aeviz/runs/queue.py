"""The queue: so many runs train at once, the others wait in a fair order (`aeviz.runs.fair_share`).

A waiting run holds a locked ticket in `runs/.queue/`, whose name says since when it waits and for
whom; the locks `slot-N` in the same folder stand for the runs that train, and hold the names of
their owners; `turn-OWNER` was touched when that person last got a turn. All locks are freed by the
system when their process ends, so any number of servers and crashes share one queue.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TextIO

from aeviz.errors import UserError
from aeviz.io import atomic, locks
from aeviz.io.paths import runs_dir
from aeviz.runs.fair_share import Ticket, order
from aeviz.runs.store import Run

POLL_SECONDS = 0.3
FAR = 5
"""The fifth in the queue, and whoever stands behind it, looks a fifth as often."""
FORGET_SECONDS = 86_400.0
"""After a day without a turn a person is new again."""
MAX_SLOTS = 4
"""More than this is not begun unless it is asked for: each run takes half a gigabyte and more."""

_NOBODY = "nobody"
_GPU = Path("/dev/nvidiactl")
_held: set[str] = set()


class Waits(Protocol):
    """What waits for a turn: a run, or a job of the Lab."""

    @property
    def id(self) -> str: ...

    @property
    def owner(self) -> str: ...


class CancelledError(Exception):
    """The run was stopped before its training began."""


def slots() -> int:
    """Runs that train at the same time on this machine: `AEVIZ_WORKERS`, else what it carries.
    UserError where that is no number."""
    said = os.environ.get("AEVIZ_WORKERS")
    if not said:
        return carried(cores(), _GPU.exists())
    try:
        return max(1, int(said))
    except ValueError as error:
        raise UserError(
            "AEVIZ_WORKERS says how many runs train at once, so it must be a whole number; it is "
            f"{said[:40]!r}."
        ) from error


def carried(cores: int, gpu: bool) -> int:
    """How many runs a machine carries at once: one for every four cores, as networks of this size
    gain little from more; one for every two where a GPU does the work; four at most."""
    return max(1, min(MAX_SLOTS, cores // (2 if gpu else 4)))


def cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on a Mac
        return os.cpu_count() or 1


@contextlib.contextmanager
def turn(
    run: Waits, cancelled: Callable[[], bool], soon: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Waits for this run's turn and holds it; a second time within the same process, at once.

    Raises CancelledError where `cancelled` says so. `soon` is called, once, as soon as the run is
    among the next: to prepare what would keep a turn waiting.
    """
    if run.id in _held:
        yield
        return
    asked = False
    with _ticket(run) as ticket:
        while True:
            if cancelled():
                raise CancelledError
            place = _place(ticket)
            if place <= slots() and (slot := _take(ticket)) is not None:
                break
            if place <= slots() and not asked:
                asked = True
                soon()
            time.sleep(POLL_SECONDS * min(max(place, 1), FAR))
    _held.add(run.id)
    try:
        with slot:
            yield
    finally:
        _held.discard(run.id)


def is_idle() -> bool:
    """Whether a run that came now would have its turn at once."""
    return not _waiting() and not all(locks.held(_slot(number)) for number in range(slots()))


def move_up(run: Run) -> None:
    """Has this run come before all others that wait."""
    with atomic.in_words("The run cannot be moved up"):
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / f"first-{run.id}").touch()


def others_wait(owner: str) -> bool:
    """Whether a run of somebody else waits for its turn."""
    return any(ticket.owner != owner for ticket in _waiting())


def places() -> dict[str, int]:
    """Where each waiting run stands in the queue, by its id: 1 is next."""
    return {ticket.run: number for number, ticket in enumerate(_waiting(), 1)}


def place(run: Waits) -> int | None:
    """Where this run stands; None where it does not wait."""
    return places().get(run.id)


def _folder() -> Path:
    return runs_dir() / ".queue"


def _named(ticket: Ticket) -> Path:
    return _folder() / f"{ticket.came:020d}-{ticket.run}~{ticket.owner}"


def _read(path: Path) -> Ticket:
    came, _, rest = path.name.partition("-")
    run, _, owner = rest.partition("~")
    return Ticket(int(came), run, owner)


@contextlib.contextmanager
def _ticket(run: Waits) -> Iterator[Ticket]:
    """A locked file that stands for the ticket. It gets its name only once it is locked, so that
    nobody takes it for one left behind."""
    folder = _folder()
    new, ticket = folder / f".{run.id}", Ticket(time.time_ns(), run.id, run.owner)
    with atomic.in_words("The run cannot wait for its turn"):
        folder.mkdir(parents=True, exist_ok=True)
        file = locks.take(new)
    try:
        with atomic.in_words("The run cannot wait for its turn"):
            new.rename(_named(ticket))
        yield ticket
    finally:
        _named(ticket).unlink(missing_ok=True)
        (_folder() / f"first-{run.id}").unlink(missing_ok=True)  # also of one that was stopped
        if file is not None:
            file.close()


def _place(ticket: Ticket) -> int:
    """From 1 on; behind all others where somebody has removed the folder of the queue."""
    waiting = _waiting()
    return waiting.index(ticket) + 1 if ticket in waiting else len(waiting) + 1


def _waiting() -> list[Ticket]:
    """Tickets of living processes, next one first; those of dead ones are cleared away."""
    alive = []
    for path in _folder().glob("[0-9]*-*"):
        if not path.name.partition("-")[0].isdecimal():
            continue
        if locks.held(path):
            alive.append(_read(path))
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return order(alive, _training(), _turns(), _moved_up())


def _moved_up() -> set[str]:
    return {path.name.removeprefix("first-") for path in _folder().glob("first-*")}


def _slot(number: int) -> Path:
    return _folder() / f"slot-{number}"


def _training() -> list[str]:
    """The owner of each run that trains now, under whatever number of slots it began."""
    owners = []
    for path in _folder().glob("slot-*"):
        if locks.held(path):
            with contextlib.suppress(OSError):
                owners.append(path.read_text(errors="replace").strip())
    return owners


def _turns() -> dict[str, float]:
    """When each person last got a turn."""
    turns: dict[str, float] = {}
    for path in _folder().glob("turn-*"):
        with contextlib.suppress(OSError):
            at = path.stat().st_mtime
            if time.time() - at > FORGET_SECONDS:
                path.unlink()
                continue
            owner = path.name.removeprefix("turn-")
            turns["" if owner == _NOBODY else owner] = at
    return turns


def _take(ticket: Ticket) -> TextIO | None:
    """A free slot, if this ticket is among the next for those that are free. One at a time decides:
    else two that see the same free slot would take it in the order in which they look."""
    deciding = locks.take(_folder() / "deciding", patience=1.0)
    if deciding is None:
        return None
    with deciding:
        numbers = [number for number in range(slots()) if not locks.held(_slot(number))]
        if ticket not in _waiting()[: len(numbers)]:
            return None
        for number in numbers:
            file = locks.take(_slot(number), patience=0.2)
            if file is not None:
                _note(file, ticket.owner)
                return file
    return None


def _note(slot: TextIO, owner: str) -> None:
    """Whose turn it is. On a full disk the order is less fair, and the training goes on."""
    with contextlib.suppress(OSError):
        slot.truncate(0)
        slot.write(owner)
        slot.flush()
        (_folder() / f"turn-{owner or _NOBODY}").touch()


def stopped_message(run: Run) -> str:
    """What is said of a run that was stopped while it waited: it may have trained before."""
    if run.status.epoch:
        return "Stopped before resuming. Earlier progress is kept."
    return "Stopped before its training began."
