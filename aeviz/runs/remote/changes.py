"""What has changed in a run's folder on another machine, and how to write it into the run's."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from aeviz.io import atomic
from aeviz.runs.store import Run

STATUS = "status.json"
_SENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}(/[A-Za-z0-9][A-Za-z0-9._-]{0,79})?")
_OURS = {"pid", "stop", "owner", "name", "config.json"}
"""Files that only the server's processes write."""
_GROW = {"metrics.jsonl", "worker.log"}
"""Files that grow at their end. Only the new part is sent."""


@dataclass(frozen=True)
class Changes:
    """New contents by path, new ends of files by path, and files that are gone. `over`: the
    training has ended, and this is all."""

    files: dict[str, bytes] = field(default_factory=dict)
    ends: dict[str, bytes] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    over: bool = False

    def apply(self, run: Run) -> None:
        """Write them into the run's folder. First the metrics, which may be ahead of a saved state
        but not behind it; last the status: a page that sees an epoch or an end in it finds the
        files. UserError if the disk is full or the folder is gone."""
        for path, data in self.ends.items():
            if path in _GROW:
                what = "The run's metrics could not be saved"
                with atomic.in_words(what), (run.folder / path).open("ab") as file:
                    file.write(data)
        for path in sorted(self.files, key=lambda path: path not in _GROW):
            if path != STATUS:
                self._write(run, path)
        for path in self.gone:
            if _is_allowed(path):
                with contextlib.suppress(OSError):
                    (run.folder / path).unlink()
        if STATUS in self.files:
            self._write(run, STATUS)

    def _write(self, run: Run, path: str) -> None:
        if _is_allowed(path):
            target = run.folder / path
            if target.parent != run.folder and not run.is_gone:
                target.parent.mkdir(exist_ok=True)
            atomic.write_bytes(target, self.files[path], new_folder=False)


def _is_allowed(path: str) -> bool:
    return bool(_SENT.fullmatch(path)) and ".." not in path and path not in _OURS


def to_begin_with(run: Run) -> dict[str, bytes]:
    """The files that a training of this run starts from, by path."""
    paths = [
        *(run.folder / name for name in ("config.json", STATUS, "metrics.jsonl", "owner")),
        *(run.folder / name for name in ("resume.safetensors", "baselines.json")),
        *sorted((run.folder / "snapshots").glob("epoch-*.safetensors")),
    ]
    found = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            found[str(path.relative_to(run.folder))] = path.read_bytes()
    return found


class Watch:
    """Finds what has changed in a folder since the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._look()

    def changes(self) -> Changes:
        """What has changed. Of a file that only grew, the new end."""
        # first, so that it is never ahead of the other files
        status_stamp, status = self._stamp(self._folder / STATUS), self._read(STATUS)
        now = self._look()
        now.pop(STATUS, None)
        if status_stamp is not None:
            now[STATUS] = status_stamp  # if it has changed since, the next look finds it
        files: dict[str, bytes] = {}
        ends: dict[str, bytes] = {}
        for path, stamp in now.items():
            before = self._seen.get(path)
            if stamp == before:
                continue
            data = status if path == STATUS else self._read(path)
            if data is None:
                continue
            inode, _, size = stamp
            if path in _GROW and before is not None and before[0] == inode and before[2] <= size:
                ends[path] = data[before[2] : size]
            else:
                files[path] = data[:size] if path in _GROW else data
        gone = tuple(path for path in self._seen if path not in now)
        self._seen = now
        return Changes(files, ends, gone)

    def _read(self, path: str) -> bytes | None:
        with contextlib.suppress(OSError):
            return (self._folder / path).read_bytes()
        return None

    def _look(self) -> dict[str, tuple[int, int, int]]:
        """The stamp of each file."""
        found = {}
        for path in self._folder.rglob("*"):
            name = str(path.relative_to(self._folder))
            if path.name.startswith(".") or name in _OURS:
                continue
            if (stamp := self._stamp(path)) is not None:
                found[name] = stamp
        return found

    def _stamp(self, path: Path) -> tuple[int, int, int] | None:
        """Inode, time and size of a file, None if there is none."""
        with contextlib.suppress(OSError):
            if path.is_file():
                at = path.stat()
                return at.st_ino, at.st_mtime_ns, at.st_size
        return None
