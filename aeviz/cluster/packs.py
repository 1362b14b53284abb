"""Files that many tasks need, sent to each machine of the cluster once.

A pack is named after the hash of its files. A machine keeps the packs that it used last, each in a
folder. A folder appears and disappears as a whole, as several processes use them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aeviz.io import atomic

KEPT = 8
"""Packs on a machine."""
UNFINISHED_SECONDS = 86_400.0
"""A pack that was not completely written, or removed, by then never will be."""
IN_USE_SECONDS = 600.0
"""A pack is kept so long after its last use: it may be read some time after `Pack.folder`."""


@dataclass(frozen=True)
class Pack:
    """Files by their relative path. `files` is the mapping, or Ray's reference to it, which is
    fetched only by a machine that does not have the pack."""

    name: str
    files: Any

    def folder(self) -> Path:
        """The folder with the files, on this machine. It is complete, or it does not exist.
        UserError if it cannot be written."""
        folder = _parent() / self.name
        try:
            os.utime(folder)  # first, so that no other process removes it from now on
        except FileNotFoundError:
            files = self._fetched()
            with atomic.in_words(f"Data cannot be kept in {_parent()} on {socket.gethostname()}"):
                _write(folder, files)
        _clear()
        return folder

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


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix="."))
    try:
        for path, data in files.items():
            target = new / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        new.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _clear() -> None:
    """Remove all but the packs that were used last, or are in use, and what processes that were
    killed have left."""
    used = {}
    for path in _parent().iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process removes it
            used[path] = path.stat().st_mtime
    now = time.time()
    packs = [path for path in used if not path.name.startswith(".")]
    for path in sorted(packs, key=used.__getitem__, reverse=True)[KEPT:]:
        if now - used[path] > IN_USE_SECONDS:
            gone = path.with_name(f".gone-{secrets.token_hex(8)}")
            with contextlib.suppress(OSError):
                path.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
    for path in used.keys() - set(packs):
        if now - used[path] > UNFINISHED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
