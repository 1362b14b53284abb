"""The format of an upload: any number of files in one body, each after a short header.

A file is framed as its name's length (uint32, little-endian), its own length (uint64), its name
(UTF-8) and its content. A body is read once, from disk.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from aeviz import limits
from aeviz.dataset_import import encodings, names, zip_archive
from aeviz.errors import UserError

HEADER = struct.Struct("<IQ")
MAX_NAME = 4096
ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"


class Item(Protocol):
    """A file that may be an image: its path as given, and the reason not to read it, or ""."""

    @property
    def path(self) -> str: ...

    @property
    def refusal(self) -> str: ...

    def read(self, limit: int) -> bytes | None:
        """Its content; None if that is longer than `limit`. UserError if it is damaged."""


@dataclass(frozen=True)
class Stored:
    """A file in an upload."""

    path: str
    file: BinaryIO
    start: int
    size: int
    refusal: str = ""

    def read(self, limit: int) -> bytes | None:
        if self.size > limit:
            return None
        self.file.seek(self.start)
        return self.file.read(self.size)


@dataclass(frozen=True)
class Zipped:
    """A file in a ZIP archive."""

    path: str
    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo
    refusal: str = ""

    def read(self, limit: int) -> bytes | None:
        return zip_archive.read(self.archive, self.entry, limit)


@dataclass(frozen=True)
class OnDisk:
    """A file in a folder of this machine."""

    path: str
    place: Path
    refusal: str = ""

    def read(self, limit: int) -> bytes | None:
        try:
            with self.place.open("rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise UserError(f"This file cannot be read ({error.strerror}).") from error
        return None if len(content) > limit else content


@dataclass(frozen=True)
class Refused:
    """A file that cannot be read, and the reason."""

    path: str
    refusal: str

    def read(self, limit: int) -> bytes | None:
        return None


class Section:
    """A part of a file that behaves like a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise ValueError("negative seek position")
        self._at = origin + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        self._file.seek(self._start + self._at)
        content = self._file.read(left if size < 0 else min(size, left))
        self._at += len(content)
        return content


def pack(files: dict[str, bytes]) -> bytes:
    """An upload of these files, as a browser would make it."""
    named = ((name.encode(), content) for name, content in files.items())
    return b"".join(HEADER.pack(len(n), len(c)) + n + c for n, c in named)


@contextmanager
def opened(path: Path) -> Iterator[list[Item]]:
    """All files of an upload, including those in ZIP archives; UserError if it is incomplete."""
    with ExitStack() as stack, _opened(path) as file:
        items: list[Item] = []
        for name, start, size in _frames(file):
            file.seek(start)
            magic = file.read(min(4, size))
            if magic in (ZIP, EMPTY_ZIP):
                section = Section(file, start, size)
                items += stack.enter_context(from_zip(name, section))  # type: ignore[arg-type]
            else:
                items.append(Stored(name, file, start, size))
            _count(items)
        yield items


@contextmanager
def on_disk(paths: list[Path]) -> Iterator[list[Item]]:
    """As `opened`, for folders, ZIP archives and images on this machine."""
    with ExitStack() as stack:
        items: list[Item] = []
        for path in paths:
            if path.is_dir():
                found = sorted(one for one in path.rglob("*") if one.is_file())
                items += [
                    OnDisk(str(Path(path.name) / one.relative_to(path)), one) for one in found
                ]
                continue
            file = stack.enter_context(_opened(path))
            if file.read(4) in (ZIP, EMPTY_ZIP):
                items += stack.enter_context(from_zip(path.name, file))
            else:
                items.append(OnDisk(path.name, path))
            _count(items)
        yield items


def _count(items: list[Item]) -> None:
    """UserError if there are too many files, including those in ZIP archives."""
    if len(items) > limits.DATASET_UPLOAD_FILES:
        raise UserError(
            f"These are more than {limits.DATASET_UPLOAD_FILES:,} files: choose fewer images."
        )


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise UserError(f"{path.name[:60]} no longer exists: choose the images again.") from error
    except OSError as error:
        raise UserError(f"{path.name[:60]} cannot be read ({error.strerror}).") from error


def _frames(file: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """Name, start and size of each file in an upload."""
    end, at = os.fstat(file.fileno()).st_size, 0
    for _ in range(limits.DATASET_UPLOAD_FILES):
        if at == end:
            return
        file.seek(at)
        header = file.read(HEADER.size)
        if len(header) < HEADER.size:
            break
        long, size = HEADER.unpack(header)
        start = at + HEADER.size + long
        if long > MAX_NAME or start + size > end:
            break
        name = file.read(long).decode(errors="replace")
        yield name, start, size
        at = start + size
    raise UserError("The upload is incomplete or has too many files: choose the images again.")


@contextmanager
def from_zip(name: str, file: BinaryIO) -> Iterator[list[Item]]:
    """The files in a ZIP archive, in a folder of the archive's own name."""
    stem = (names.parts(name) or [names.UNNAMED])[-1]
    stem = stem[:-4] if stem.lower().endswith(".zip") else stem
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zip_archive.opened(file))
        except UserError as error:
            yield [Refused(name, error.message)]
            return
        entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
        yield [
            Zipped(f"{stem}/{path}", archive, entry, zip_archive.refusal(entry))
            for path, entry in zip(encodings.paths(entries), entries, strict=True)
        ]
