"""A disk that fails at the i-th write, fsync or rename, or from then on; or a power cut there."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from typing import Any, Literal

import pytest

Kind = Literal["once", "from then on", "killed"]


class Killed(BaseException):
    """The end of the process, as seen by the disk."""


class FaultyDisk:
    """Stands in for the calls by which files are written, while `armed`.

    `moments` are counted from 0 on; the one called `at` fails with `code`, or, where the process is
    killed, with Killed. A write fails when half of it is on the disk. What is written over (r+) has
    its place there already: this goes well.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, at: int = -1, kind: Kind = "once", code: int = errno.ENOSPC
    ) -> None:
        self.at, self.kind, self.code = at, kind, code
        self.moments = 0
        self.armed = True
        self.over = False
        for name in ("fsync", "replace", "rename"):
            patch.setattr(os, name, self._failing(getattr(os, name)))
        if kind == "killed":
            unlink = os.unlink
            patch.setattr(os, "unlink", lambda *args: None if self.over else unlink(*args))
        original = io.open  # what Path.open and os.fdopen call

        def opened(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
            found = original(file, mode, *args, **more)
            return _File(self, found) if set(mode) & set("wax") else found

        patch.setattr(io, "open", opened)

    def _failing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*args: Any, **more: Any) -> Any:
            self.moment()
            return call(*args, **more)

        return failing

    def moment(self, torn: Callable[[], object] = lambda: None) -> None:
        """Counts a call that may fail; `torn` does the part of it that still happens."""
        if not self.armed:
            return
        number, self.moments = self.moments, self.moments + 1
        if self.at < 0 or number < self.at or (self.kind == "once" and number > self.at):
            return
        if not self.over:
            torn()
        if self.kind == "killed":
            self.over = True
            raise Killed
        raise OSError(self.code, os.strerror(self.code))


class _File:
    """An open file, except for `write`."""

    def __init__(self, disk: FaultyDisk, file: Any) -> None:
        self._disk, self._file = disk, file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: Any) -> int:
        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        self._disk.moment(half)
        return self._file.write(data)
