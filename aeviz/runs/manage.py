"""What a person can do with a run: rename, stop, resume or delete it. Checks permissions first.

Several servers and the worker share a run's folder. So pages write only small files of their own
there (`name`, `stop`), each replaced as a whole, and remove or continue a run only while they hold
its lock.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil

from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.io import atomic
from aeviz.io.paths import runs_dir
from aeviz.runs import queue, spawn
from aeviz.runs.run_lock import lock_once_over
from aeviz.runs.store import Run

LONGEST_NAME = 80
_TRASH = ".trash-"


def check(run: Run, person: Person) -> None:
    """UserError if the run is gone, or this person may not change it."""
    if run.is_gone:
        raise run.removed()
    if not person.may_manage(run.owner):
        raise UserError(
            "This run belongs to somebody else: only that person or the teacher can change it. You "
            "can duplicate it and train the copy."
        )


def rename(run: Run, name: str, person: Person) -> None:
    """Rename the run. An empty name restores its original one."""
    check(run, person)
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise UserError(f"A name may have at most {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise UserError("The name has characters that cannot be shown: use plain text.")
    if name:
        atomic.write_bytes(run.folder / "name", name.encode(), new_folder=False)
        return
    with atomic.in_words("The run cannot be renamed"):
        (run.folder / "name").unlink(missing_ok=True)


def stop(run: Run, person: Person) -> None:
    """Stop the run and keep its progress."""
    check(run, person)
    if not run.is_over:
        run.request_stop()


def move_up(run: Run, person: Person) -> None:
    """Move a waiting run to the front of the queue. Only the teacher may do so."""
    if not person.teaches:
        raise UserError("Only the teacher can move a run up.")
    if run.is_gone:
        raise run.removed()
    queue.move_up(run)


def resume(run: Run, person: Person) -> None:
    """Continue a run that ended before it was done."""
    check(run, person)
    spawn.resume_run(run)


def train_longer(run: Run, epochs: int, person: Person) -> None:
    """Continue a run that is over for so many more epochs."""
    check(run, person)
    spawn.train_longer(run, epochs)


def remove(run: Run, person: Person) -> None:
    """Delete a run that is over: rename its folder, so that the run is gone at once, then delete
    the files.

    UserError while it trains or waits. The lock makes sure that no server starts a worker for it
    meanwhile.
    """
    check(run, person)
    lock = lock_once_over(run)
    if lock is None:
        raise UserError("This run is still being trained: stop it first.")
    with lock, atomic.in_words("The run could not be deleted"):
        if run.is_gone:  # another page was faster
            return
        run.folder.rename(runs_dir() / f"{_TRASH}{run.id}-{secrets.token_hex(4)}")
    clear_trash()


def clear_trash() -> None:
    """Delete the files of removed runs, including those that a server left when it ended."""
    with contextlib.suppress(OSError):
        for folder in runs_dir().glob(f"{_TRASH}*"):
            shutil.rmtree(folder, ignore_errors=True)
