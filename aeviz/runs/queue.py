"""The queue: a few runs train at once, the others wait in a fair order (`aeviz.runs.fair_share`).

The folder `runs/.queue/` holds a ticket for each waiting run: a locked file, named after the time
of the run's arrival, the run and its owner. The lock `slot-N` is held by a run that trains, and
contains the name of the owner. `turn-OWNER` was touched when this person last got a turn. The
system releases the locks when their process ends, however it ends, so several servers can share one
queue.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TextIO

from aeviz.cluster import address
from aeviz.errors import UserError
from aeviz.io import atomic, locks, machine
from aeviz.io.paths import runs_dir
from aeviz.runs.fair_share import Ticket, order
from aeviz.runs.store import Run

POLL_SECONDS = 0.3
FAR = 5
"""Runs poll less often the further back they are: from this place on, a fifth as often."""
FORGET_SECONDS = 86_400.0
"""A person who got no turn for a day counts as new."""
MAX_SLOTS = 4
"""The most slots by default: each run takes half a gigabyte of memory or more."""

_NOBODY = "nobody"
_GPU = Path("/dev/nvidiactl")
_held: dict[str, int] = {}
"""The slots that this process holds, by the id of the run."""


class Waits(Protocol):
    """Something that waits for a turn: a run, or a job of the Lab."""

    @property
    def id(self) -> str: ...

    @property
    def owner(self) -> str: ...


class CancelledError(Exception):
    """The run was stopped before its training began."""


def slots() -> int:
    """The number of runs that train at once: `AEVIZ_WORKERS`, or else `default_slots`, or what the
    cluster has room for if AEVIZ_RAY names one. UserError if one of the two variables is wrong."""
    value = os.environ.get("AEVIZ_WORKERS")
    if not value:
        on_cluster = address.configured() is not None
        return _capacity() if on_cluster else default_slots(machine.cores(), _GPU.exists())
    try:
        return max(1, int(value))
    except ValueError as error:
        raise UserError(
            "AEVIZ_WORKERS says how many runs train at once, so it must be a whole number; it is "
            f"{value[:40]!r}."
        ) from error


def default_slots(cores: int, gpu: bool) -> int:
    """One slot for every four cores, as networks of this size gain little from more; one for every
    two if the machine has a GPU, which does most of the work; four at most."""
    return max(1, min(MAX_SLOTS, cores // (2 if gpu else 4)))


def _capacity() -> int:
    """What `set_capacity` wrote last; one before that, so that a first run finds out."""
    try:
        return max(1, int((_folder() / "capacity").read_text()))
    except (OSError, ValueError):
        return 1


def set_capacity(count: int) -> None:
    """Write down how many runs the cluster has room for. The change counts at once for all that
    wait; those that train already go on."""
    if count != _capacity():
        atomic.write_bytes(_folder() / "capacity", str(count).encode())


def demand() -> int:
    """How many runs train or wait."""
    return len(_training()) + len(_waiting())


@contextlib.contextmanager
def turn(
    run: Waits, cancelled: Callable[[], bool], soon: Callable[[], object] = lambda: None
) -> Iterator[int]:
    """Wait for this run's turn, and hold its slot inside the `with` block, which gets the number of
    the slot, from 0 on. If this process holds the run's slot already, continue at once.

    Raises CancelledError as soon as `cancelled` returns True. `soon` is called once, when the run
    is among the next, to do slow preparations before the slot is free.
    """
    if run.id in _held:
        yield _held[run.id]
        return
    prepared = False
    with _ticket(run) as ticket:
        while True:
            if cancelled():
                raise CancelledError
            place = _place(ticket)
            if place <= slots() and (taken := _take(ticket)) is not None:
                break
            if place <= slots() and not prepared:
                prepared = True
                soon()
            time.sleep(POLL_SECONDS * min(max(place, 1), FAR))
    number, slot = taken
    _held[run.id] = number
    try:
        with slot:
            yield number
    finally:
        del _held[run.id]


def is_idle() -> bool:
    """Whether a new run would get its turn at once."""
    return not _waiting() and not all(locks.held(_slot(number)) for number in range(slots()))


def move_up(run: Run) -> None:
    """Move this run before all others that wait."""
    with atomic.in_words("The run cannot be moved up"):
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / f"first-{run.id}").touch()


def others_wait(owner: str) -> bool:
    """Whether another person's run waits for its turn."""
    return any(ticket.owner != owner for ticket in _waiting())


def places() -> dict[str, int]:
    """The place of each waiting run in the queue, by the run's id; 1 is next."""
    return {ticket.run: number for number, ticket in enumerate(_waiting(), 1)}


def place(run: Waits) -> int | None:
    """The place of this run; None if it does not wait."""
    return places().get(run.id)


def _folder() -> Path:
    return runs_dir() / ".queue"


def _path_of(ticket: Ticket) -> Path:
    return _folder() / f"{ticket.came:020d}-{ticket.run}~{ticket.owner}"


def _read(path: Path) -> Ticket:
    came, _, rest = path.name.partition("-")
    run, _, owner = rest.partition("~")
    return Ticket(int(came), run, owner)


@contextlib.contextmanager
def _ticket(run: Waits) -> Iterator[Ticket]:
    """The ticket as a locked file. It is locked before it gets its name, so that no other process
    takes it for the ticket of a dead process."""
    folder = _folder()
    new, ticket = folder / f".{run.id}", Ticket(time.time_ns(), run.id, run.owner)
    with atomic.in_words("The run cannot wait for its turn"):
        folder.mkdir(parents=True, exist_ok=True)
        file = locks.take(new)
    try:
        with atomic.in_words("The run cannot wait for its turn"):
            new.rename(_path_of(ticket))
        yield ticket
    finally:
        _path_of(ticket).unlink(missing_ok=True)
        (_folder() / f"first-{run.id}").unlink(missing_ok=True)  # even if the run was stopped
        if file is not None:
            file.close()


def _place(ticket: Ticket) -> int:
    """The ticket's place, from 1 on; the last one if the queue's folder was removed."""
    waiting = _waiting()
    return waiting.index(ticket) + 1 if ticket in waiting else len(waiting) + 1


def _waiting() -> list[Ticket]:
    """Tickets of living processes, next one first. Tickets of dead processes are deleted."""
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
    """The owner of each run that trains now. There may be more of them than slots, if the number of
    slots was larger when they started."""
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


def _take(ticket: Ticket) -> tuple[int, TextIO] | None:
    """Take a free slot if this ticket is among the next; None if it is not. Only one process at a
    time decides: otherwise, of two that see the same free slot, the faster one would take it."""
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
                return number, file
    return None


def _note(slot: TextIO, owner: str) -> None:
    """Write down whose turn it is. On a full disk this fails: the order is then less fair, but the
    training continues."""
    with contextlib.suppress(OSError):
        slot.truncate(0)
        slot.write(owner)
        slot.flush()
        (_folder() / f"turn-{owner or _NOBODY}").touch()


def stopped_message(run: Run) -> str:
    """The message for a run that was stopped while it waited. It may have trained before."""
    if run.status.epoch:
        return "Stopped before resuming. Earlier progress is kept."
    return "Stopped before its training began."
