"""Limits on waiting uploads, so that no person and no address takes all the space.

Uploads that this server has accepted since it started count towards their sender's limit. Other
files in the folder count towards the total only.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass

from aeviz import limits
from aeviz.dataset_import import spool
from aeviz.errors import UserError
from aeviz.server.visitors import Visitor


@dataclass
class _Upload:
    visitor: Visitor
    size: int
    under_way: bool = True


class Waiting:
    """The uploads that are in progress or wait to be read; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uploads: dict[str, _Upload] = {}  # oldest first

    def accept(self, visitor: Visitor, size: int) -> str:
        """Accept an upload of `size` bytes and return its id. If the person has too many, their
        oldest upload is removed.

        UserError if there is no room. The caller must call `end` afterwards, even on failure.
        """
        size = max(size, limits.MIN_WAITING_UPLOAD)
        with self._lock:
            self._forget_removed()
            self._make_room(visitor.person)
            self._check(visitor, size)
            name = spool.new_id()
            self._uploads[name] = _Upload(visitor, size)
        return name

    def end(self, name: str) -> None:
        """Note that the upload has ended: from now on it counts as long as its file exists."""
        with self._lock:
            self._uploads[name].under_way = False

    def _forget_removed(self) -> None:
        there = {path.name for path in spool.folder().glob("*")}
        self._uploads = {
            name: one for name, one in self._uploads.items() if one.under_way or name in there
        }

    def _make_room(self, person: str) -> None:
        mine = [name for name, one in self._uploads.items() if one.visitor.person == person]
        for name in mine[: len(mine) + 1 - limits.WAITING_UPLOADS_OF_PERSON]:
            if self._uploads[name].under_way:
                raise UserError("Your last uploads have not finished yet: wait for them.")
            spool.forget(name)
            del self._uploads[name]

    def _check(self, visitor: Visitor, size: int) -> None:
        known = self._uploads.values()
        in_all, _, of_address = limits.WAITING_UPLOADS
        if sum(one.size for one in known) + self._others() + size > in_all:
            raise UserError(
                "The server has no room for more uploads at the moment: try again later."
            )
        here = sum(one.size for one in known if one.visitor.address == visitor.address)
        if of_address is not None and here + size > of_address:
            raise UserError("Too many uploads from your network are waiting: try again later.")

    def _others(self) -> int:
        """Bytes of the files that were uploaded before this server started."""
        total = 0
        for path in spool.folder().glob("*"):
            with contextlib.suppress(OSError):
                is_other = path.name not in self._uploads and spool.is_id(path.name)
                total += path.stat().st_size if is_other else 0
        return total
