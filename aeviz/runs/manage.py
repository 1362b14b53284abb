"""What a person may do with runs: each of these asks first whether the run is theirs.

A run's folder is shared by its worker and any number of servers, so a page writes small files of
its own there (`name`, `stop`), each replaced as a whole, and removes or continues a run only while
it holds the run's lock.
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
    """UserError where the run is gone, or not this person's."""
    if run.is_gone:
        raise run.removed()
    if not person.may_manage(run.owner):
        raise UserError(
            "This run is somebody else's: only who started it, or the teacher, can change it. "
            "You can duplicate it, and train your own."
        )


def rename(run: Run, name: str, person: Person) -> None:
    """Calls the run by another name; an empty one brings its first name back."""
    check(run, person)
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise UserError(f"A name may have at most {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise UserError("The name holds characters that cannot be shown: use plain text.")
    if name:
        atomic.write_bytes(run.folder / "name", name.encode(), new_folder=False)
        return
    with atomic.in_words("The run cannot be renamed"):
        (run.folder / "name").unlink(missing_ok=True)


def stop(run: Run, person: Person) -> None:
    """Asks the run to stop and keep what was reached."""
    check(run, person)
    if not run.is_over:
        run.request_stop()


def move_up(run: Run, person: Person) -> None:
    """Has a run that waits be the next to train; for a teacher."""
    if not person.teaches:
        raise UserError("Only the teacher can move a run up.")
    if run.is_gone:
        raise run.removed()
    queue.move_up(run)


def go_on(run: Run, person: Person) -> None:
    """Continues a run that ended before it was done."""
    check(run, person)
    spawn.resume_run(run)


def train_on(run: Run, epochs: int, person: Person) -> None:
    """Continues a run that is over for so many further epochs."""
    check(run, person)
    spawn.train_on(run, epochs)


def remove(run: Run, person: Person) -> None:
    """Deletes a run that is over. It is gone at once, under another name; then its files go.

    UserError while it trains or waits: not even a worker that starts at this moment, from whatever
    server, is removed from under.
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
    """Deletes what was removed, also by a server that ended before it had done so."""
    with contextlib.suppress(OSError):
        for folder in runs_dir().glob(f"{_TRASH}*"):
            shutil.rmtree(folder, ignore_errors=True)
