"""Stream a ZIP archive without storing it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from aeviz.restoration.crops import unique_name

_CHUNK: Final = 1 << 18


class _Out:
    """The output file of ZipFile, without tell() and seek()."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to flush."""

    def close(self) -> None:
        """Nothing to close."""

    def take(self) -> bytes:
        """What was written since the last call."""
        data = b"".join(self._written)
        self._written.clear()
        return data


class ZipStream:
    """A ZIP archive of PNG files in the order in which they are added, each with a unique name."""

    def __init__(self) -> None:
        self._out = _Out()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)
        self._taken: set[str] = set()

    def add(self, name: str, file: BinaryIO) -> Iterator[bytes]:
        """The archive's bytes for this file, which is then closed; `name` must be safe."""
        entry = zipfile.ZipInfo(unique_name(name, self._taken))
        entry.file_size = os.fstat(file.fileno()).st_size
        with file, self._zip.open(entry, "w") as out:
            while data := file.read(_CHUNK):
                out.write(data)
                yield self._out.take()
        yield self._out.take()

    def end(self) -> bytes:
        """The central directory, which ends the archive."""
        self._zip.close()
        return self._out.take()
