"""The process of a job of the Lab: `python -m aeviz.experiments.process FOLDER` waits for its turn
in the queue of the trainings, then does the tasks that are left.

It imports PyTorch only once the job is near the head of the queue, and with a low priority. So
thirty jobs that wait are thirty small processes, and a start takes no time from the server.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from aeviz.errors import UserError
from aeviz.experiments.job_folder import JobFolder
from aeviz.io import locks, priority
from aeviz.runs import queue


def wait_and_work(folder: Path, server: int | None = None) -> None:
    """Waits for the job's turn, and does its tasks. `server`: the process that started this one;
    the job stops if it ends."""
    job = JobFolder(folder)
    try:
        with queue.turn(job, lambda: job.should_stop(server), _prepare):
            _work(folder, server)
    except (queue.CancelledError, UserError):
        _work(folder, server)  # which meets the same, and writes it into the status


def _prepare() -> None:
    from aeviz.experiments import worker

    worker.prepare()


def _work(folder: Path, server: int | None) -> None:
    from aeviz.experiments import worker
    from aeviz.experiments.jobs import Job

    worker.do(Job(folder), server)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m aeviz.experiments.process", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="a job's folder")
    parser.add_argument("--server", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=int, help=argparse.SUPPRESS)  # as this process inherits it
    args = parser.parse_args()
    lock = None
    if args.lock is None:
        lock = locks.take(args.folder / "pid", patience=1.0)
        if lock is None:
            sys.exit("aeviz: another process does this job.")
    priority.lower_process(priority.TRAINING)
    signal.signal(signal.SIGTERM, lambda *_: (args.folder / "stop").touch())
    wait_and_work(args.folder, args.server)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # taking the libraries down would take seconds


if __name__ == "__main__":
    main()
