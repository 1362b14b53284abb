"""Functions that tests call on the cluster: a worker process imports them by name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from aeviz.errors import UserError


def double(number: int) -> int:
    return 2 * number


def refuse(number: int) -> int:
    raise UserError(f"Not {number}.")


def die_once(mark: str) -> str:
    """Kills its process the first time."""
    if not Path(mark).exists():
        Path(mark).touch()
        os._exit(1)
    return "alive"


def die() -> None:
    os._exit(1)


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds
