"""Files that many tasks need, sent to each machine of the cluster once.

A pack is named after the hash of its files. A machine keeps the packs that it used last, each in a
folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = 8
"""Packs on a machine."""


@dataclass(frozen=True)
class Pack:
    """Files by their relative path. `files` is the mapping, or Ray's reference to it, which is
    fetched only by a machine that does not have the pack."""

    name: str
    files: Any

    def folder(self) -> Path:
        """The folder with the files, on this machine. It is complete, or it does not exist."""
        folder = _parent() / self.name
        if not folder.is_dir():
            self._write(folder)
        os.utime(folder)
        _clear()
        return folder

    def _write(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix="."))
        try:
            for path, data in self._fetched().items():
                target = new / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            new.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _fetched(self) -> Mapping[str, bytes]:
        if isinstance(self.files, Mapping):
            return self.files
        import ray

        found: Mapping[str, bytes] = ray.get(self.files)
        return found


def pack(files: Mapping[str, bytes], ray: Any = None) -> Pack:
    """The pack of these files; with `ray`, they are in the cluster's memory."""
    digest = hashlib.sha256()
    for path, data in sorted(files.items()):
        digest.update(f"{path}\0{len(data)}\0".encode())
        digest.update(data)
    return Pack(digest.hexdigest()[:32], files if ray is None or not files else ray.put(files))


def _parent() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "aeviz" / "packs"


def _clear() -> None:
    """Remove all but the packs that were used last."""
    found = [path for path in _parent().iterdir() if not path.name.startswith(".")]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
