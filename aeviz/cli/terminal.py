"""Shared by the commands: reading files, messages and a progress bar on standard error."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from aeviz.errors import UserError
from aeviz.images import MAX_BYTES
from aeviz.wording import clock

_BAR = 24


def say(text: str) -> None:
    """Print a line on standard error."""
    print(text, file=sys.stderr, flush=True)


def read(path: Path) -> bytes:
    """A file's bytes; UserError if it cannot be read or is larger than MAX_BYTES."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path.name} is too large: the limit is {MAX_BYTES >> 20} MB.")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error


def files(paths: Sequence[Path]) -> list[Path]:
    """`paths`, with each folder replaced by the files in it, without hidden ones; UserError if
    there are none."""
    try:
        found = [file for path in paths for file in (_inside(path) if path.is_dir() else [path])]
    except OSError as error:
        raise UserError(f"{error.filename} cannot be read: {error.strerror}.") from error
    if not found:
        raise UserError("No image files found. Pass image files or a folder that contains some.")
    return found


def _inside(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))


class Progress:
    """Progress of `count` items: a line for each finished item and, if standard error is a
    terminal, a bar for the current one with the time left for all."""

    def __init__(self, count: int) -> None:
        self.count, self.number, self.worked = count, 0, 0
        self.name, self.begun = "", time.monotonic()

    def begin(self, name: str) -> None:
        """Begin the next item."""
        self.number += 1
        self.name = "".join(c if c.isprintable() else "?" for c in name)

    def show(self, done: int, total: int, unit: str) -> None:
        """Show that `done` of `total` steps of the current item are done."""
        if not sys.stderr.isatty():
            return
        share = done / total
        elapsed = time.monotonic() - self.begun
        left = elapsed / (self.worked + share) * (self.count - self.number + 1 - share)
        filled = round(share * _BAR)
        bar = "=" * filled + " " * (_BAR - filled)
        after = f"  [{bar}] {done}/{total} {unit}, {clock(left)} left"
        self._write(self._head()[: _width() - len(after)] + after, "\r")

    def end(self, text: str, worked: bool = True) -> None:
        """End the current item. `worked`: whether its time counts for the estimate."""
        self.worked += worked
        self._write(f"{self._head()}: {text}", "\n")

    def _head(self) -> str:
        return f"[{self.number}/{self.count}] {self.name}"

    def _write(self, text: str, end: str) -> None:
        if sys.stderr.isatty():
            text = text.ljust(_width())  # overwrites the old line
        print(text, end=end, file=sys.stderr, flush=True)


def _width() -> int:
    return shutil.get_terminal_size().columns - 1
