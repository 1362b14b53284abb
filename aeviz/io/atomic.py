"""Whole files or none: every file aeviz writes appears complete, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aeviz.errors import UserError


def write_bytes(path: Path, data: bytes, new_folder: bool = True) -> None:
    """Writes `path` atomically: temporary file beside it, fsync, replace, fsync the folder.

    UserError where the disk is full or the folder cannot be written, or is missing and no
    `new_folder` is to be made; what was there stays whole.
    """
    with in_words(f"{path.parent} cannot be written"):
        if new_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with in_words(f"{path.name} could not be saved"):
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
            _sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)  # gone already where the replace went through


_ADVICE = {
    errno.ENOSPC: "free some disk space and try again",
    errno.EDQUOT: "free some disk space and try again",
    errno.EACCES: "allow writing there and try again",
    errno.EPERM: "allow writing there and try again",
    errno.EROFS: "allow writing there and try again",
    errno.ENOENT: "its folder is no longer there",
}


@contextlib.contextmanager
def in_words(what: str) -> Iterator[None]:
    """Makes an OSError a sentence: `what` went wrong, why, and what to do about it."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "choose another place")
        raise UserError(f"{what} ({error.strerror}): {advice}.") from error


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself durable; some file systems cannot, and need not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
