"""Room on the disk for what strangers send. A reserve is left, so that trainings can go on."""

from __future__ import annotations

import shutil
from pathlib import Path

from aeviz import limits
from aeviz.errors import UserError
from aeviz.io import atomic


def room(folder: Path) -> int:
    """Bytes that may still be written to the disk of this folder, 0 or more; the reserve is left.

    UserError where the folder is not there.
    """
    with atomic.in_words(f"{folder} cannot be looked into"):
        usage = shutil.disk_usage(folder)
    reserve = min(limits.RESERVE, round(limits.RESERVE_SHARE * usage.total))
    return max(0, usage.free - reserve)


def check(folder: Path, size: int) -> None:
    """UserError where so many bytes would take of the reserve."""
    if size > room(folder):
        raise UserError("The server's disk is full: try again later, or ask who runs the server.")
