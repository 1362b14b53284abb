"""A zip from a stranger, read entry by entry: nothing is extracted, and every read is bounded."""

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
"""Bytes of a zip's list of entries: some 100,000 of them."""
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
"""What `zipfile` lets out of a bad file."""


class Bounded:
    """A readable, seekable file whose every single read is bounded: `zipfile` asks for a zip's
    whole list of entries at once, however long the zip says it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell
        self.seekable = lambda: True

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise UserError("This zip lists too many files: put fewer of them into one zip.")
        return self._file.read(MAX_DIRECTORY if size < 0 else size)


@contextmanager
def opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The zip in this file; UserError where it is none, or is cut short."""
    try:
        archive = zipfile.ZipFile(Bounded(file))
    except UserError:
        raise
    except _DAMAGED as error:
        raise UserError(
            "This zip is damaged or cut short: make it again, or send the images themselves."
        ) from error
    with archive:
        if len(archive.infolist()) > MAX_ENTRIES:
            raise UserError("This zip lists too many files: put fewer of them into one zip.")
        yield archive


def refusal(entry: zipfile.ZipInfo) -> str:
    """Why an entry is not read, as far as its place in the list says; "" where it is."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "a link, not an image" if kind == stat.S_IFLNK else "no ordinary file"
    if entry.flag_bits & 0x1:
        return "locked with a password"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in a way that is not read here"
    return ""


def read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes | None:
    """An entry's content; None where it is longer than `most`, whatever it says of its length.

    UserError where it is damaged.
    """
    content = bytearray()
    try:
        with archive.open(entry) as file:
            while block := file.read(BLOCK):
                content += block
                if len(content) > most:
                    return None
    except _DAMAGED as error:
        raise UserError("damaged inside the zip") from error
    return bytes(content)
