"""Uploads that wait to be made a data set: on the disk, found by an id that nobody can guess."""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from pathlib import Path
from typing import Final

from aeviz import atomic, disk, limits
from aeviz.errors import UserError
from aeviz.folders import datasets_dir

KEPT_SECONDS: Final = 2 * 3600.0
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
GONE: Final = "These images are no longer on the server: choose them again."


def folder() -> Path:
    return datasets_dir() / ".uploads"


def prepare(size: int) -> None:
    """Makes the folder ready for an upload of so many bytes; UserError where there is no room."""
    sweep()
    with atomic.in_words("The images cannot be kept"):
        folder().mkdir(parents=True, exist_ok=True)
    if size > limits.PARCEL:
        raise UserError(
            f"This is more than {limits.PARCEL >> 30} GiB: send fewer images, or smaller ones."
        )
    if 2 * size > disk.room(folder()):
        raise UserError("The server's disk has no room for so much: send fewer images.")
    if waiting() + size > limits.WAITING_PARCELS:
        raise UserError(
            "Others have sent so many images that there is no room for more: try again later."
        )


def waiting() -> int:
    """Bytes of all uploads that wait, and of those under way."""
    total = 0
    for path in folder().glob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def sweep() -> None:
    """Removes uploads that nobody has come back to."""
    for path in folder().glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()


def keep(file: Path) -> str:
    """Moves an upload, which lies in `folder`, to where its id finds it; answers that id."""
    name = secrets.token_urlsafe(16)
    with atomic.in_words("The images cannot be kept"):
        file.rename(folder() / name)
    return name


def find(name: object) -> Path:
    """The upload of this id, which a browser says; UserError where there is none (any more)."""
    path = folder() / name if isinstance(name, str) and _ID.fullmatch(name) else None
    if path is None or not path.is_file():
        raise UserError(GONE)
    return path


def forget(name: object) -> None:
    with contextlib.suppress(UserError, OSError):
        find(name).unlink()
