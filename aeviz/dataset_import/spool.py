"""Uploads that wait to be made a data set: on the disk, found by an id that nobody can guess."""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from pathlib import Path
from typing import Final

from aeviz import limits
from aeviz.errors import UserError
from aeviz.io import atomic, disk
from aeviz.io.paths import datasets_dir

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


def sweep() -> None:
    """Removes uploads that nobody has come back to."""
    for path in folder().glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()


def new_id() -> str:
    return secrets.token_urlsafe(16)


def is_id(name: str) -> bool:
    """Whether the text has the form of `new_id`."""
    return _ID.fullmatch(name) is not None


def keep(file: Path, name: str) -> None:
    """Moves an upload, which lies in `folder`, to where its id finds it."""
    with atomic.in_words("The images cannot be kept"):
        file.rename(folder() / name)


def find(name: object) -> Path:
    """The upload of this id, which a browser says; UserError where there is none (any more)."""
    path = folder() / name if isinstance(name, str) and is_id(name) else None
    if path is None or not path.is_file():
        raise UserError(GONE)
    return path


def forget(name: object) -> None:
    with contextlib.suppress(UserError, OSError):
        find(name).unlink()
