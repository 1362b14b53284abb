"""The process of a run: `python -m aeviz.runs.process RUN_FOLDER` waits for its turn, then trains.

It imports PyTorch (about 0.5 GB) only once the run is near the head of the queue, so thirty runs in
the queue are thirty small processes.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from aeviz.cluster import address
from aeviz.errors import UserError
from aeviz.io import priority
from aeviz.runs import queue
from aeviz.runs.run_lock import lock_of
from aeviz.runs.store import Phase, Run


def wait_and_work(run: Run, server: int | None = None) -> None:
    """Wait for a slot, train, and leave the result in the folder: here, or on a machine of the
    cluster if there is one (`aeviz.runs.remote`)."""

    def cancelled() -> bool:
        orphaned = server is not None and os.getppid() != server
        return orphaned or run.stop_requested or run.is_gone

    try:
        if address.configured() is None:
            with queue.turn(run, cancelled, _import_training):
                from aeviz.runs import worker

                worker.work(run, server)
        else:
            from aeviz.runs.remote import follower

            follower.work(run, server)
    except queue.CancelledError:
        _end(run, "stopped", queue.stopped_message(run))
    except UserError as error:
        _end(run, "failed", error.message)


def _import_training() -> None:
    from aeviz.runs import worker

    del worker  # imported is enough


def _end(run: Run, phase: Phase, message: str) -> None:
    if run.is_gone:
        print(f"aeviz: {run.removed()} It no longer waits.", file=sys.stderr)
    else:
        run.write_status(replace(run.status, phase=phase, message=message, seconds_left=None))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aeviz.runs.process", description=__doc__)
    parser.add_argument("folder", type=Path, help="a run's folder")
    parser.add_argument("--server", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=int, help=argparse.SUPPRESS)  # as this process inherits it
    args = parser.parse_args()
    run = Run(args.folder)
    handle = args.lock
    if handle is None:
        handle = _own_lock(run)
    priority.lower_process(priority.TRAINING)
    be_worker(run, args.server, handle)


def be_worker(run: Run, server: int | None, handle: int) -> NoReturn:
    """Train the run and end this process, which holds the run's lock by this handle."""
    from aeviz.runs import maps

    signal.signal(signal.SIGTERM, lambda *_: run.request_stop())
    wait_and_work(run, server)
    sys.stdout.flush()
    sys.stderr.flush()
    os.close(handle)  # all is written: the run can now be deleted or trained longer
    maps.replace_process(server or os.getppid())
    # Unloading the libraries would take seconds on a busy machine.
    os._exit(0)


def _own_lock(run: Run) -> int:
    """The lock on a run that is started from the command line."""
    try:
        lock = lock_of(run, patience=1.0)
    except UserError as error:
        sys.exit(f"aeviz: {error}")
    if lock is None:
        sys.exit("aeviz: this run is being trained by another process.")
    return os.dup(lock.fileno())


if __name__ == "__main__":
    main()
