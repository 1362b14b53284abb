"""File locks that the system releases when their process ends, however it ends.

A file stays locked while the process that locked it has it open; a kill, a crash and a power cut
all release it. Unlike a process number, a lock cannot be mistaken for another process's.
"""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import TextIO


def take(path: Path, patience: float = 0.0) -> TextIO | None:
    """Create `path` and lock it until the returned file is closed; None if it is locked already.

    `patience`: seconds to keep trying, since `held` briefly takes the lock itself.
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
    """Whether a living process holds the lock on `path`; False if there is no such file."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False
