"""Photos and results, on disk in a folder of this process alone; the oldest unused ones make room.

Nothing from outside names a file: an id is drawn here and found in a table, and a photo's own name
is only ever said to people.
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

MAX_BYTES: Final = 16 << 30  # and half of the room on the disk, at most
MAX_KEPT: Final = 5000
MAX_PASSING: Final = 4  # files of one photo or result
_PREFIX: Final = "aeviz-darkroom-"
_LOCK: Final = ".lock"
_SETTLED: Final = 60.0  # seconds
GONE: Final = "This photo is no longer on the server: drop it again."


class GoneError(UserError):
    """What was asked for is not (or no longer) there."""


@dataclass(eq=False)
class StoredPhoto:
    """A photo or a result: arrays and files under short names in a folder of its own.

    `original` is the id of the photo that a result was made of; `passing` are the names of files
    that give way to newer ones; `gone` is set once all has been removed.
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
        """The array `part`, read from the disk where it is used; GoneError where it is not there.

        It stays readable after the photo has been dropped.
        """
        try:
            return np.load(self.folder / f"{part}.npy", mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise GoneError(GONE) from error

    def read_if_there(self, part: str) -> np.ndarray | None:
        return self.read(part) if self.has(part) else None


class Store:
    """All that is kept, `most_bytes` and `most` at most. For any thread."""

    def __init__(self, most_bytes: int = MAX_BYTES, most: int = MAX_KEPT) -> None:
        # Private to this user (mode 0700), and removed when the process ends; where that was
        # killed, by the next one.
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
        _sweep(self.folder.parent)
        # Once more, for a server that was killed soon after its start: see `_sweep`.
        self._later = threading.Timer(_SETTLED + 1, _sweep, (self.folder.parent,))
        self._later.daemon = True
        self._later.start()
        self._in_use = locks.take(self.folder / _LOCK)
        self._most_bytes = min(most_bytes, disk.room(self.folder) // 2)
        self._most = most
        self._kept: OrderedDict[str, StoredPhoto] = OrderedDict()  # the least recently used first
        self._pinned: Counter[str] = Counter()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    def close(self) -> None:
        """Remove everything, and what others left."""
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
        """Keep these arrays under a new id; UserError where the disk is full."""
        new = secrets.token_urlsafe(16)
        kept = StoredPhoto(new, name, self.folder / new, notes, original)
        try:
            with _saying_plainly(kept.folder):
                kept.folder.mkdir()
            for part, array in arrays.items():
                self.write(kept, part, array)
        except BaseException:
            self._remove(kept)
            raise
        with self._lock:
            self._kept[new] = kept
        self._make_room(kept)
        return kept

    def get(self, wanted: str) -> StoredPhoto:
        """What has this id, which counts as used now; GoneError where nothing has."""
        with self._lock:
            kept = self._kept.get(wanted)
            if kept is None:
                raise GoneError(GONE)
            self._kept.move_to_end(wanted)
            if kept.original is not None and kept.original in self._kept:
                self._kept.move_to_end(kept.original)
        return kept

    def results_of(self, photo: str) -> list[StoredPhoto]:
        """The results made of this photo, the last used first."""
        with self._lock:
            return [kept for kept in reversed(self._kept.values()) if kept.original == photo]

    @contextmanager
    def pinned(self, wanted: Iterable[str]) -> Iterator[None]:
        """While this lasts, what has these ids makes no room for others; GoneError where one is
        not there."""
        names = list(wanted)
        with self._lock:
            if not self._kept.keys() >= set(names):
                raise GoneError(GONE)
            self._pinned.update(names)
        try:
            yield
        finally:
            with self._lock:
                self._pinned.subtract(names)
                self._pinned += Counter()  # only what is still pinned stays

    def drop(self, wanted: str) -> None:
        """Forget what has this id, and the results made of it; GoneError where nothing has."""
        with self._lock:
            if wanted not in self._kept:
                raise GoneError(GONE)
            made = [kept.id for kept in self._kept.values() if kept.original == wanted]
            dropped = [self._kept.pop(one) for one in (wanted, *made)]
        for kept in dropped:
            self._remove(kept)

    def write(self, kept: StoredPhoto, part: str, array: np.ndarray) -> None:
        """Keep an array beside the others of `kept`, in the place of an older one of that name."""
        path = kept.folder / f"{part}.npy"
        trial = kept.folder / f".{part}-{secrets.token_hex(4)}.npy"
        with _saying_plainly(trial):
            np.save(trial, array, allow_pickle=False)
            before = path.stat().st_size if path.exists() else 0
            size = trial.stat().st_size
            trial.replace(path)
        self._count(kept, size - before)
        self._make_room(kept)

    def file(
        self, kept: StoredPhoto, name: str, make: Callable[[], bytes], passing: bool = False
    ) -> BinaryIO:
        """The file `name` beside the arrays of `kept`, open, so that it can be read whatever is
        dropped meanwhile; `make` writes it when it is first asked for. Of the `passing` ones only
        the last few stay. GoneError where `kept` has been dropped."""
        path = kept.folder / name
        with kept.lock:  # many may ask at once; it is made once
            if not path.is_file():
                trial = kept.folder / f".{name}"
                data = make()
                with _saying_plainly(trial):
                    trial.write_bytes(data)
                    trial.replace(path)
                self._count(kept, len(data))
                if passing:
                    self._let_pass(kept, name)
            try:
                opened = path.open("rb")
            except OSError as error:
                raise GoneError(GONE) from error
        self._make_room(kept)
        return opened

    def _let_pass(self, kept: StoredPhoto, newest: str) -> None:
        """Remove the oldest of `kept`'s passing files, where they are too many."""
        kept.passing.append(newest)
        if len(kept.passing) > MAX_PASSING:
            oldest = kept.folder / kept.passing.popleft()
            with suppress(OSError):
                size = oldest.stat().st_size
                oldest.unlink()
                self._count(kept, -size)

    def _count(self, kept: StoredPhoto, more: int) -> None:
        with self._lock:
            if not kept.gone:  # else what was still being written has been counted off
                kept.bytes += more
                self._bytes += more

    def _make_room(self, newest: StoredPhoto) -> None:
        dropped = []
        with self._lock:
            left = self._bytes
            for kept in list(self._kept.values()):
                if left <= self._most_bytes and len(self._kept) <= self._most:
                    break
                if kept is not newest and kept.id not in self._pinned:
                    left -= kept.bytes
                    dropped.append(self._kept.pop(kept.id))
        for kept in dropped:
            self._remove(kept)

    def _remove(self, kept: StoredPhoto) -> None:
        with self._lock:
            kept.gone = True
            self._bytes -= kept.bytes
        shutil.rmtree(kept.folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that ended without doing so."""
    for lock in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):
            # One that is as new may be about to be locked.
            if time.time() - lock.stat().st_mtime > _SETTLED and not locks.held(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)


@contextmanager
def _saying_plainly(trial: Path) -> Iterator[None]:
    """Says in a sentence what the disk refuses, and leaves no half of a file at `trial`."""
    try:
        yield
    except FileNotFoundError as error:
        raise GoneError(GONE) from error
    except OSError as error:
        with suppress(OSError):
            trial.unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "The server's disk is full" if full else "The server could not keep this photo"
        raise UserError(f"{why}: try again later.") from error
