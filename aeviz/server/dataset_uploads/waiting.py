"""Whose the uploads are that wait, so that no person and no address takes all the room.

What this server has let in since it started counts for who sent it, other files of the folder for
all together.
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
    """Lets uploads in, from whatever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uploads: dict[str, _Upload] = {}  # in the order of coming

    def let_in(self, visitor: Visitor, size: int) -> str:
        """The id for an upload of so many bytes; the person's oldest makes room for it.

        UserError where there is no room. After this comes `arrived`, whatever happens.
        """
        size = max(size, limits.MIN_WAITING_UPLOAD)
        with self._lock:
            self._forget_removed()
            self._make_room(visitor.person)
            self._check(visitor, size)
            name = spool.new_id()
            self._uploads[name] = _Upload(visitor, size)
        return name

    def arrived(self, name: str) -> None:
        """It is no longer under way: it counts for as long as its file is there."""
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
                raise UserError("Your last uploads are still under way: wait until they are here.")
            spool.forget(name)
            del self._uploads[name]

    def _check(self, visitor: Visitor, size: int) -> None:
        known = self._uploads.values()
        in_all, _, of_address = limits.WAITING_UPLOADS
        if sum(one.size for one in known) + self._others() + size > in_all:
            raise UserError(
                "Others have sent so many images that there is no room for more: try again later."
            )
        here = sum(one.size for one in known if one.visitor.address == visitor.address)
        if of_address is not None and here + size > of_address:
            raise UserError(
                "Too many images that were sent from your network wait to be used: try again later."
            )

    def _others(self) -> int:
        """Bytes of the files that were there before this server started."""
        total = 0
        for path in spool.folder().glob("*"):
            with contextlib.suppress(OSError):
                is_other = path.name not in self._uploads and spool.is_id(path.name)
                total += path.stat().st_size if is_other else 0
        return total
