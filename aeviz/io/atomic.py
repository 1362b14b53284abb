"""Atomic writes: every file that aeviz writes appears complete, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aeviz.errors import UserError


def write_bytes(path: Path, data: bytes, new_folder: bool = True, display_name: str = "") -> None:
    """Write `path` atomically: temporary file beside it, fsync, replace, fsync the folder.

    UserError if the disk is full or the folder cannot be written, or if it is missing and
    `new_folder` is False; an old file then stays unchanged. `display_name`: the file's name in
    error messages; its own by default.
    """
    with in_words(f"{path.parent} cannot be written"):
        if new_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with in_words(f"{display_name or path.name} could not be saved"):
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
            _sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)  # already gone after a successful replace


def write_once(path: Path, data: bytes) -> bytes:
    """The contents of `path`: `data`, unless the file exists already. It is created once, even if
    several processes do so together, and only this user can read it. OSError if it cannot be."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.link(new, path)
    finally:
        os.unlink(new)
    return path.read_bytes()


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
    """Raise an OSError as a sentence: `what` failed, why, and what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "choose another place")
        raise UserError(f"{what} ({error.strerror}): {advice}.") from error


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; some file systems cannot, and need not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
