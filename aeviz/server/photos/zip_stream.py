"""Stream a ZIP archive without storing it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from aeviz.restoration.crops import unique_name

_CHUNK: Final = 1 << 18


class _Out:
    """What ZipFile writes into: a file that can neither be told nor sought."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """There is nothing to close."""

    def take(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._written)
        self._written.clear()
        return data


class ZipStream:
    """PNG files in the order in which they are added, under names of their own."""

    def __init__(self) -> None:
        self._out = _Out()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)
        self._taken: set[str] = set()

    def add(self, name: str, file: BinaryIO) -> Iterator[bytes]:
        """The bytes of the zip that hold this file, which is closed; `name` is a safe one."""
        entry = zipfile.ZipInfo(unique_name(name, self._taken))
        entry.file_size = os.fstat(file.fileno()).st_size
        with file, self._zip.open(entry, "w") as out:
            while data := file.read(_CHUNK):
                out.write(data)
                yield self._out.take()
        yield self._out.take()

    def end(self) -> bytes:
        """The table of contents, which ends the zip."""
        self._zip.close()
        return self._out.take()
