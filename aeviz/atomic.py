"""Whole files or none: every file aeviz writes appears complete, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from aeviz.errors import UserError


def write_bytes(path: Path, data: bytes) -> None:
    """Writes `path` atomically: temporary file beside it, fsync, replace, fsync the folder.

    UserError where the disk is full or the folder cannot be written; what was there stays whole.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise UserError(f"{path.parent} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
        _sync_folder(path.parent)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "free some disk space and try again" if full else "choose another place"
        raise UserError(f"{path.name} could not be saved ({error.strerror}): {advice}.") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)  # gone already where the replace went through


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself durable; some file systems cannot, and need not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
