"""Start the process that trains a run: a new run, a resumed one, or one for more epochs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from aeviz import limits
from aeviz.cluster import address
from aeviz.config import MAX_EPOCHS, RunConfig
from aeviz.errors import UserError
from aeviz.io import atomic, machine
from aeviz.runs import environment, listing, queue, warm
from aeviz.runs.run_lock import lock_once_over
from aeviz.runs.store import OVER, Run, Status, create
from aeviz.training.cpu.threads import threads

_starting = threading.Lock()
_children: list[subprocess.Popen[bytes]] = []


def start(config: RunConfig, owner: str = "", sweep: str = "") -> Run:
    """Create a run of this owner (`aeviz.identity`), and of this sweep (`aeviz.sweeps`) if it is a
    trial, and start its worker process; return at once. UserError if it cannot."""
    queue.slots()  # first: a wrong AEVIZ_WORKERS must leave no folder behind
    with _starting:
        _check_number(owner)
        run = create(config, owner, sweep)
    _spawn(run)
    return run


def _check_number(owner: str) -> None:
    """UserError if the number of unfinished runs of this owner, or of all, is at its limit."""
    unfinished = [row.owner for row in listing.rows() if row.status.phase not in OVER]
    most = most_of_a_person()
    if unfinished.count(owner) >= most:
        raise UserError(
            f"You have {most} runs that train or wait: stop one, or wait until one is done."
        )
    if len(unfinished) >= max(limits.RUNS.in_all, most):
        raise UserError(f"{len(unfinished)} runs wait already: try again later.")


def most_of_a_person() -> int:
    """How many runs of a person may train or wait: as many as can train at once, if that is more
    than the limit, which is made for one machine."""
    return max(limits.RUNS.person, queue.slots())


def resume_run(run: Run) -> None:
    """Start a worker that continues from the run's last saved epoch, or from the beginning if none
    was saved. UserError if the run is being trained, or has nothing left to train."""
    queue.slots()
    if run.is_gone:
        raise run.removed()
    if not run.can_resume:
        raise UserError("This run has nothing left to train.")
    _check_number(run.owner)
    _spawn(run)


def train_longer(run: Run, epochs: int) -> None:
    """Start a worker that continues from the run's saved state for so many more epochs, as if the
    run had been configured that way from the beginning: for the schedules, a smaller share of the
    training is done. UserError if the run is being trained, or has no saved state.
    """
    queue.slots()
    if run.is_gone:
        raise run.removed()
    if not 1 <= epochs <= MAX_EPOCHS:
        raise UserError(f"A run can be trained for 1 to {MAX_EPOCHS:,} more epochs.")
    if not run.resume_path.exists():
        raise UserError("This run has no saved state. Duplicate it and train the copy.")
    _check_number(run.owner)

    def longer(config: RunConfig) -> RunConfig:
        if not run.is_over:
            raise UserError("This run is still being trained: stop it first.")
        return config.replace(**{"training.epochs": run.status.epoch + epochs})

    _spawn(run, longer)


def _spawn(run: Run, change: Callable[[RunConfig], RunConfig] | None = None) -> None:
    """Start the worker, after applying `change` to the configuration.

    It inherits the lock on the run's `pid` file, so from now until it ends in any way, the run
    counts as alive and no second worker can take it.
    """
    lock = lock_once_over(run)
    if lock is None:
        raise UserError("This run is still being trained: stop it first.")
    with lock, _log(run) as log:
        if change is not None:
            data = change(run.config).to_json().encode()
            atomic.write_bytes(run.folder / "config.json", data, new_folder=False)
        run.withdraw_stop()
        run.write_status(Status(created=run.status.created, epoch=run.status.epoch))
        variables = _environment(run.config)
        process = None
        if queue.is_idle():  # the warm worker is too large to wait in the queue
            process = warm.hand_over(run, lock.fileno(), log.fileno(), variables)
        process = process or subprocess.Popen(
            [
                *(sys.executable, "-m", "aeviz.runs.process", str(run.folder.resolve())),
                *("--server", str(os.getpid()), "--lock", str(lock.fileno())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=variables,
            pass_fds=(lock.fileno(),),
            start_new_session=True,  # Ctrl-C in the server's terminal must not kill it mid-write
        )
        warm.note_start(run)
        lock.truncate(0)
        lock.write(str(process.pid))
    # the system keeps an entry for each ended process until its parent polls it
    _children[:] = [*(child for child in _children if child.poll() is None), process]


def keep_warm() -> None:
    """Keep a warm worker ready if the next run could train at once, on this machine."""
    with contextlib.suppress(UserError):
        if address.configured() is None:
            warm.keep(_environment(RunConfig()))


def _log(run: Run) -> BinaryIO:
    with atomic.in_words("The run's folder cannot be written"):
        return (run.folder / "worker.log").open("ab")


def _environment(config: RunConfig) -> dict[str, str]:
    """The environment of a worker that trains this configuration."""
    return environment.for_process(threads(config, machine.cores(), queue.slots()))
