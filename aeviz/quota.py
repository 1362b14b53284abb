"""Quotas: how many things, and how many bytes, one person and all people may keep on the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aeviz.errors import UserError
from aeviz.limits import MIB, Limit


@dataclass(frozen=True)
class Kept:
    """A stored thing. `owner`: "" if it has none; `size` in bytes."""

    owner: str
    size: int


@dataclass(frozen=True)
class Quota:
    """Limits of one kind of thing. `things` and `remove`: its plural and the verb of its button,
    for error sentences."""

    things: str
    remove: str
    number: Limit
    size: Limit

    def check(self, kept: Sequence[Kept], owner: str, size: int) -> None:
        """UserError if one more of `size` bytes would exceed a limit of this owner or the server.
        All browsers without cookies count as one person."""
        mine = [one.size for one in kept if one.owner == owner]
        if len(mine) >= self.number.person:
            raise UserError(
                f"You have {len(mine)} {self.things}, the most that one person may keep: "
                f"{self.remove} one of them first."
            )
        if sum(mine) + size > self.size.person:
            raise UserError(
                f"Your {self.things} would exceed {self.size.person // MIB:,} MB in all: "
                f"{self.remove} one of them first."
            )
        if len(kept) >= self.number.in_all:
            raise UserError(
                f"This server has {len(kept)} {self.things}, the most that it may keep: ask the "
                f"person who runs it to {self.remove} some."
            )
        if sum(one.size for one in kept) + size > self.size.in_all:
            raise UserError(
                f"The {self.things} of all people would exceed {self.size.in_all // MIB:,} MB in "
                f"all: ask the person who runs the server to {self.remove} some."
            )
