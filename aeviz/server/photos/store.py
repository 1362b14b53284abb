"""Photos and results on disk, in a folder of this process; the least recently used are removed.

No file name comes from outside: ids are random and looked up in a table, and a photo's own name is
only shown to people.
"""

from __future__ import annotations

import errno
import secrets
import shutil
import tempfile
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from aeviz.errors import UserError
from aeviz.io import disk, locks

MAX_BYTES: Final = 16 << 30  # and at most half of the free disk space
MAX_KEPT: Final = 5000
MAX_PASSING: Final = 4  # temporary files of one photo or result
_PREFIX: Final = "aeviz-darkroom-"
_LOCK: Final = ".lock"
_SETTLED: Final = 60.0  # seconds
GONE: Final = "This photo is no longer on the server: drop it again."


class GoneError(UserError):
    """The requested photo or file does not exist (any more)."""


@dataclass(eq=False)
class StoredPhoto:
    """A photo or a result: arrays and files under short names in a folder of its own.

    `original` is the id of the photo that a result was made from; `passing` are the names of files
    that newer ones replace; `gone` is set once the folder has been removed.
    """

    id: str
    name: str
    folder: Path
    notes: tuple[str, ...] = ()
    original: str | None = None
    bytes: int = 0
    gone: bool = False
    passing: deque[str] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def has(self, part: str) -> bool:
        return (self.folder / f"{part}.npy").is_file()

    def read(self, part: str) -> np.ndarray:
        """The array `part`, memory-mapped from disk; GoneError if it is not there.

        It stays readable after the photo has been dropped.
        """
        try:
            return np.load(self.folder / f"{part}.npy", mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise GoneError(GONE) from error

    def read_if_there(self, part: str) -> np.ndarray | None:
        return self.read(part) if self.has(part) else None


class Store:
    """All stored photos and results, at most `max_bytes` and `max_count`. Thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_count: int = MAX_KEPT) -> None:
        # Private to this user (mode 0700), and removed when the process ends or, if it was killed,
        # when the next one starts.
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
        _sweep(self.folder.parent)
        # Again later, in case another server was killed just before: `_sweep` skips new folders.
        self._later = threading.Timer(_SETTLED + 1, _sweep, (self.folder.parent,))
        self._later.daemon = True
        self._later.start()
        self._in_use = locks.take(self.folder / _LOCK)
        self._max_bytes = min(max_bytes, disk.room(self.folder) // 2)
        self._max_count = max_count
        self._stored: OrderedDict[str, StoredPhoto] = OrderedDict()  # least recently used first
        self._pinned: Counter[str] = Counter()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    def close(self) -> None:
        """Remove everything, and the folders of killed processes."""
        self._later.cancel()
        if self._in_use is not None:
            self._in_use.close()
        self._folder.cleanup()
        _sweep(self.folder.parent)

    def add(
        self,
        name: str,
        arrays: dict[str, np.ndarray],
        notes: tuple[str, ...] = (),
        original: str | None = None,
    ) -> StoredPhoto:
        """Store these arrays under a new id; UserError if the disk is full."""
        new = secrets.token_urlsafe(16)
        stored = StoredPhoto(new, name, self.folder / new, notes, original)
        try:
            with _disk_errors_as_sentences(stored.folder):
                stored.folder.mkdir()
            for part, array in arrays.items():
                self.write(stored, part, array)
        except BaseException:
            self._remove(stored)
            raise
        with self._lock:
            self._stored[new] = stored
        self._make_room(stored)
        return stored

    def get(self, wanted: str) -> StoredPhoto:
        """The photo or result with this id, now most recently used; GoneError if there is none."""
        with self._lock:
            stored = self._stored.get(wanted)
            if stored is None:
                raise GoneError(GONE)
            self._stored.move_to_end(wanted)
            if stored.original is not None and stored.original in self._stored:
                self._stored.move_to_end(stored.original)
        return stored

    def results_of(self, photo: str) -> list[StoredPhoto]:
        """The results made from this photo, most recently used first."""
        with self._lock:
            return [
                stored for stored in reversed(self._stored.values()) if stored.original == photo
            ]

    @contextmanager
    def pinned(self, wanted: Iterable[str]) -> Iterator[None]:
        """Do not remove the photos or results with these ids during the block; GoneError if one
        does not exist."""
        names = list(wanted)
        with self._lock:
            if not self._stored.keys() >= set(names):
                raise GoneError(GONE)
            self._pinned.update(names)
        try:
            yield
        finally:
            with self._lock:
                self._pinned.subtract(names)
                self._pinned += Counter()  # drops counts of zero

    def drop(self, wanted: str) -> None:
        """Remove the photo or result with this id, and a photo's results; GoneError if there is
        none."""
        with self._lock:
            if wanted not in self._stored:
                raise GoneError(GONE)
            made = [stored.id for stored in self._stored.values() if stored.original == wanted]
            dropped = [self._stored.pop(one) for one in (wanted, *made)]
        for stored in dropped:
            self._remove(stored)

    def write(self, stored: StoredPhoto, part: str, array: np.ndarray) -> None:
        """Store an array with the others of `stored`, replacing one of the same name."""
        path = stored.folder / f"{part}.npy"
        trial = stored.folder / f".{part}-{secrets.token_hex(4)}.npy"
        with _disk_errors_as_sentences(trial):
            np.save(trial, array, allow_pickle=False)
            before = path.stat().st_size if path.exists() else 0
            size = trial.stat().st_size
            trial.replace(path)
        self._count(stored, size - before)
        self._make_room(stored)

    def file(
        self, stored: StoredPhoto, name: str, make: Callable[[], bytes], passing: bool = False
    ) -> BinaryIO:
        """The file `name` of `stored`, open, so that it stays readable even if `stored` is dropped.

        `make` creates its content at the first request. Of the `passing` files only the last few
        stay. GoneError if `stored` has been dropped.
        """
        path = stored.folder / name
        with stored.lock:  # made once, even if many request it at the same time
            if not path.is_file():
                trial = stored.folder / f".{name}"
                data = make()
                with _disk_errors_as_sentences(trial):
                    trial.write_bytes(data)
                    trial.replace(path)
                self._count(stored, len(data))
                if passing:
                    self._add_passing(stored, name)
            try:
                opened = path.open("rb")
            except OSError as error:
                raise GoneError(GONE) from error
        self._make_room(stored)
        return opened

    def _add_passing(self, stored: StoredPhoto, newest: str) -> None:
        """Add to the passing files of `stored`, and remove the oldest if there are too many."""
        stored.passing.append(newest)
        if len(stored.passing) > MAX_PASSING:
            oldest = stored.folder / stored.passing.popleft()
            with suppress(OSError):
                size = oldest.stat().st_size
                oldest.unlink()
                self._count(stored, -size)

    def _count(self, stored: StoredPhoto, more: int) -> None:
        with self._lock:
            if not stored.gone:  # `_remove` has already subtracted its bytes
                stored.bytes += more
                self._bytes += more

    def _make_room(self, newest: StoredPhoto) -> None:
        dropped = []
        with self._lock:
            left = self._bytes
            for stored in list(self._stored.values()):
                if left <= self._max_bytes and len(self._stored) <= self._max_count:
                    break
                if stored is not newest and stored.id not in self._pinned:
                    left -= stored.bytes
                    dropped.append(self._stored.pop(stored.id))
        for stored in dropped:
            self._remove(stored)

    def _remove(self, stored: StoredPhoto) -> None:
        with self._lock:
            stored.gone = True
            self._bytes -= stored.bytes
        shutil.rmtree(stored.folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that were killed."""
    for lock in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):
            # The process of a new folder may not have locked it yet.
            if time.time() - lock.stat().st_mtime > _SETTLED and not locks.held(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)


@contextmanager
def _disk_errors_as_sentences(trial: Path) -> Iterator[None]:
    """Raise a disk error as a sentence, and remove a partial file at `trial`."""
    try:
        yield
    except FileNotFoundError as error:
        raise GoneError(GONE) from error
    except OSError as error:
        with suppress(OSError):
            trial.unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "The server's disk is full" if full else "The server could not save this photo"
        raise UserError(f"{why}: try again later.") from error
