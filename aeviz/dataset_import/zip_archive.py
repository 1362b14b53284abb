"""Read an untrusted ZIP archive entry by entry: nothing is extracted, and every read is bounded."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from aeviz.errors import UserError

MAX_DIRECTORY = 16 << 20
"""Bytes of an archive's central directory, enough for some 100,000 entries."""
MAX_ENTRIES = 100_000
BLOCK = 1 << 20

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
    IndexError,
)
"""Exceptions that `zipfile` raises for a bad file."""


class Bounded:
    """A readable, seekable file with bounded reads: `zipfile` reads the central directory at once,
    with the length given in the archive."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell
        self.seekable = lambda: True

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise UserError("This ZIP archive has too many files: put fewer into one archive.")
        return self._file.read(MAX_DIRECTORY if size < 0 else size)


@contextmanager
def opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The ZIP archive in this file; UserError if it is invalid or incomplete."""
    try:
        archive = zipfile.ZipFile(Bounded(file))
    except UserError:
        raise
    except _DAMAGED as error:
        raise UserError(
            "This ZIP archive is damaged or incomplete: create it again, or send the images "
            "themselves."
        ) from error
    with archive:
        if len(archive.infolist()) > MAX_ENTRIES:
            raise UserError("This ZIP archive has too many files: put fewer into one archive.")
        yield archive


def refusal(entry: zipfile.ZipInfo) -> str:
    """Why not to read an entry, judged by the central directory; "" to read it."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        if kind == stat.S_IFLNK:
            return "This is a link, not an image."
        return "This is not an ordinary file."
    if entry.flag_bits & 0x1:
        return "This file is protected by a password."
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "This file is compressed in a way that cannot be read here."
    return ""


def read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes | None:
    """An entry's content; None if its real length exceeds `limit`.

    UserError if it is damaged.
    """
    content = bytearray()
    try:
        with archive.open(entry) as file:
            while block := file.read(BLOCK):
                content += block
                if len(content) > limit:
                    return None
    except _DAMAGED as error:
        raise UserError("This file is damaged inside the ZIP archive.") from error
    return bytes(content)
