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


def sleep_and_note(path: str, seconds: float) -> str:
    """Adds a line to a file after a while; returns the machine that it ran on."""
    import ray

    time.sleep(seconds)
    with Path(path).open("a") as file:
        file.write("done\n")
    node: str = ray.get_runtime_context().get_node_id()
    return node
