"""The warm worker: a process that has imported what a training needs, and waits for a run.

`python -m aeviz.runs.warm` imports the libraries (over a second of processor time) and loads the
default images while someone looks at the Train page, so training starts as soon as they press
Train. It costs memory: there is one at most, and none while the slots are taken or memory is short.
It ends with the server, or if nobody presses Train for a while. `AEVIZ_WARM=0` turns it off. It
receives what a worker started for the run would have: the lock on the run, the log, and the
environment.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from aeviz.io import machine, malloc, priority
from aeviz.runs import queue
from aeviz.runs.process import be_worker
from aeviz.runs.store import Run

IDLE_SECONDS = 600.0
MIN_BYTES = 1_500_000_000
"""Available memory below which there is no warm worker."""
_LONGEST = 1 << 20


@dataclass(frozen=True)
class _Warm:
    process: subprocess.Popen[bytes]
    channel: socket.socket

    def is_ready(self) -> bool:
        """Whether it has reported that it is ready. It does so on standard output, not on the
        channel: a channel that is closed before all is read loses what was sent through it."""
        readable, _, _ = select.select([self.process.stdout], [], [], 0)
        return bool(readable) and self.process.poll() is None

    def close(self) -> None:
        self.channel.close()
        if self.process.stdout is not None:
            self.process.stdout.close()


_warm: _Warm | None = None
_newest: Run | None = None
_guard = threading.Lock()


def keep(environment: dict[str, str]) -> None:
    """Start a warm worker if there is none and a new run would train at once; does not wait for it.
    `environment` is that of a worker."""
    global _warm
    with _guard:
        if _warm is not None and _warm.process.poll() is None:
            return
        _forget()
        if _newest is not None and not _newest.is_over:
            return
        if (
            os.environ.get("AEVIZ_WARM") == "0"
            or not queue.is_idle()
            or machine.available_memory() < MIN_BYTES
        ):
            return
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "aeviz.runs.warm"),
                    *("--server", str(os.getpid()), "--channel", str(theirs.fileno())),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        _warm = _Warm(process, ours)


def note_start(run: Run) -> None:
    """Note a run that has just been started: no other warm worker is started until it is over. A
    warm worker would import its libraries at the same time as the run, before the run is in the
    queue."""
    global _newest
    with _guard:
        _newest = run


def is_ready() -> bool:
    """Whether there is a warm worker that has imported everything."""
    with _guard:
        return _warm is not None and _warm.is_ready()


def pid() -> int | None:
    """The process of the warm worker."""
    with _guard:
        return None if _warm is None else _warm.process.pid


def hand_over(
    run: Run, lock: int, log: int, environment: dict[str, str]
) -> subprocess.Popen[bytes] | None:
    """Give the run, with its lock and its log, to the warm worker, even if it is still importing:
    it is ahead of a new process. None if there is no warm worker, or it has just ended."""
    global _warm
    with _guard:
        warm = _warm
        if warm is None or warm.process.poll() is not None:
            return None
        _warm = None
    request = json.dumps({"folder": str(run.folder.resolve()), "environment": environment})
    try:
        socket.send_fds(warm.channel, [b"-"], [lock, log])
        warm.channel.sendall(request.encode())
    except OSError:  # it ended, and closed what it was given
        return None
    finally:
        warm.close()
    return warm.process


def _forget() -> None:
    global _warm
    if _warm is not None:
        _warm.close()
        _warm = None


# ---- the process itself --------------------------------------------------------------------------


def _receive(channel: socket.socket) -> tuple[dict[str, str], str, int, int] | None:
    """Environment, folder, lock and log; None if no complete request comes."""
    channel.settimeout(IDLE_SECONDS)
    try:
        _, handles, *_ = socket.recv_fds(channel, 1, 2)
        data = b""
        while len(data) < _LONGEST and (more := channel.recv(1 << 16)):
            data += more
        request = json.loads(data)
        lock, log = handles
        return request["environment"], request["folder"], lock, log
    except (OSError, ValueError, KeyError, TypeError):
        return None


def prepare() -> None:
    """Import what a training needs, and load the default data set, which stays in memory."""
    from aeviz import datasets
    from aeviz.runs import worker

    del worker
    datasets.load(datasets.DEFAULT)


def use_threads(number: str) -> None:
    """Apply OMP_NUM_THREADS, which OpenMP itself reads only when torch is imported."""
    import torch

    if number.isdecimal() and int(number) > 0:  # else a list for nested loops, or empty
        torch.set_num_threads(int(number))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aeviz.runs.warm", description=__doc__)
    parser.add_argument("--server", type=int, required=True)
    parser.add_argument("--channel", type=int, required=True)
    args = parser.parse_args()
    priority.lower_process(priority.TRAINING)

    prepare()
    malloc.trim()
    with contextlib.suppress(OSError):
        os.write(1, b"ready")
    with socket.socket(fileno=args.channel) as channel:
        request = _receive(channel)
    if request is None:
        os._exit(0)
    environment, folder, lock, log = request
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    use_threads(environment.get("OMP_NUM_THREADS", ""))
    be_worker(Run(Path(folder)), args.server, lock)


if __name__ == "__main__":
    main()
