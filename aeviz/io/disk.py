"""Disk space for uploads. A reserve is kept free, so that training can continue."""

from __future__ import annotations

import shutil
from pathlib import Path

from aeviz import limits
from aeviz.errors import UserError
from aeviz.io import atomic


def room(folder: Path) -> int:
    """Bytes that may still be written to the disk of this folder, without the reserve; at least 0.

    UserError if the folder is not there.
    """
    with atomic.in_words(f"{folder} cannot be read"):
        usage = shutil.disk_usage(folder)
    reserve = min(limits.RESERVE, round(limits.RESERVE_SHARE * usage.total))
    return max(0, usage.free - reserve)


def check(folder: Path, size: int) -> None:
    """UserError if so many bytes would use the reserve."""
    if size > room(folder):
        raise UserError(
            "The server's disk is full: try again later, or ask the person who runs the server."
        )
