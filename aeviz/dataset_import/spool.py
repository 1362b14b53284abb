"""Uploads that wait on disk to become a data set, each under an unguessable id."""

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
    """Prepare the folder for an upload of `size` bytes; UserError if there is no room."""
    sweep()
    with atomic.in_words("The images cannot be saved"):
        folder().mkdir(parents=True, exist_ok=True)
    if size > limits.DATASET_UPLOAD:
        raise UserError(
            f"This is more than {limits.DATASET_UPLOAD >> 30} GiB: send fewer or smaller images."
        )
    if 2 * size > disk.room(folder()):
        raise UserError("The server's disk does not have enough space: send fewer images.")


def sweep() -> None:
    """Remove old uploads that nobody has used."""
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
    """Rename an upload in `folder` to its id."""
    with atomic.in_words("The images cannot be saved"):
        file.rename(folder() / name)


def find(name: object) -> Path:
    """The upload with this id, given by a browser; UserError if there is none (any more)."""
    path = folder() / name if isinstance(name, str) and is_id(name) else None
    if path is None or not path.is_file():
        raise UserError(GONE)
    return path


def forget(name: object) -> None:
    with contextlib.suppress(UserError, OSError):
        find(name).unlink()
