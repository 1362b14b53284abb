"""Locks that the system frees when their process ends, however it ends.

A file stays locked while the process that locked it has it open; being killed, a crash and a power
cut all let go of it. Unlike a process number, a lock can never be mistaken for somebody else's.
"""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import TextIO


def take(path: Path, patience: float = 0.0) -> TextIO | None:
    """Creates `path` and locks it until the answered file is closed; None where it is taken.

    `patience`: seconds to go on trying, since `held` looks at a lock by touching it.
    """
    file = path.open("a+")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                return None
            time.sleep(0.02)


def held(path: Path) -> bool:
    """Whether a living process holds the lock on `path`; False where there is no such file."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False
