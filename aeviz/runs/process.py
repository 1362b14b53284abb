"""The process of one run: it waits for its turn, and then trains.

It learns how to train (half a gigabyte of libraries) only when it is among the next, so thirty runs
in the queue are thirty small processes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TextIO

from aeviz.errors import UserError
from aeviz.io import atomic, locks
from aeviz.runs import queue
from aeviz.runs.store import Phase, Run
from aeviz.training.cpu.malloc import keep_memory

NICENESS = 10
"""The server answers first where both want the processor: a class drags while a run trains."""

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


def wait_and_work(run: Run, server: int | None = None) -> None:
    """Waits, trains, and leaves the result in the folder (see `aeviz.runs.worker.work`)."""

    def cancelled() -> bool:
        orphaned = server is not None and os.getppid() != server
        return orphaned or run.stop_requested or run.is_gone

    try:
        with queue.turn(run, cancelled, _learn_to_train):
            from aeviz.runs import worker

            worker.work(run, server)
    except queue.CancelledError:
        _end(run, "stopped", stopped(run))
    except UserError as error:
        _end(run, "failed", str(error))


def stopped(run: Run) -> str:
    """What is said of a run that was stopped while it waited: it may have trained before."""
    if run.status.epoch:
        return "Stopped before resuming. Earlier progress is kept."
    return "Stopped before its training began."


def _learn_to_train() -> None:
    from aeviz.runs import worker

    del worker  # from now on it is there


def _end(run: Run, phase: Phase, message: str) -> None:
    if run.is_gone:
        print(f"aeviz: {run.removed()} It no longer waits.", file=sys.stderr)
    else:
        run.write_status(replace(run.status, phase=phase, message=message, seconds_left=None))


def step_back(niceness: int) -> None:
    """From now on this process gives way to others, by so much more than it did (19 is all)."""
    with contextlib.suppress(OSError):
        os.nice(niceness)
        # Linux weighs whole sessions against each other first, and this process leads its own:
        # without this its niceness would count among its own threads only (sched(7), autogroup).
        Path("/proc/self/autogroup").write_text(str(niceness))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aeviz.runs.worker", description=__doc__)
    parser.add_argument("folder", type=Path, help="a run's folder")
    parser.add_argument("--server", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=int, help=argparse.SUPPRESS)  # as this process inherits it
    args = parser.parse_args()
    run = Run(args.folder)
    handle = args.lock
    if handle is None:
        handle = _own_lock(run)
    step_back(NICENESS)
    keep_memory()
    be_worker(run, args.server, handle)


def be_worker(run: Run, server: int | None, handle: int) -> NoReturn:
    """The rest of the life of this process, which holds the run's lock by this handle."""
    from aeviz.runs import maps

    signal.signal(signal.SIGTERM, lambda *_: run.request_stop())
    wait_and_work(run, server)
    sys.stdout.flush()
    sys.stderr.flush()
    os.close(handle)  # all is written: the run can now be deleted or trained longer
    maps.become(server or os.getppid())
    # Taking the libraries down would take seconds where the machine is busy.
    os._exit(0)


def _own_lock(run: Run) -> int:
    """The lock on a run that somebody trains from the command line."""
    try:
        lock = lock_of(run, patience=1.0)
    except UserError as error:
        sys.exit(f"aeviz: {error}")
    if lock is None:
        sys.exit("aeviz: this run is being trained by another process.")
    return os.dup(lock.fileno())


if __name__ == "__main__":
    main()
