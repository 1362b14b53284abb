"""How much people may keep on the server: in number and in bytes, each and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aeviz.errors import UserError
from aeviz.limits import MIB, Limit


@dataclass(frozen=True)
class Kept:
    """Something that is kept. `owner`: "" for nobody's; `size` in bytes."""

    owner: str
    size: int


@dataclass(frozen=True)
class Quota:
    """Limits of what is kept. `things`: what its sentences call them; `remove`: what its button
    does."""

    things: str
    remove: str
    number: Limit
    size: Limit

    def check(self, kept: Sequence[Kept], owner: str, size: int) -> None:
        """UserError where one more of so many bytes is too much for this owner or for the server.
        Browsers without cookies share the place of one person."""
        mine = [one.size for one in kept if one.owner == owner]
        if len(mine) >= self.number.person:
            raise UserError(
                f"You have {len(mine)} {self.things}, as many as one person may keep: "
                f"{self.remove} one of them first."
            )
        if sum(mine) + size > self.size.person:
            raise UserError(
                f"Your {self.things} would be larger than {self.size.person // MIB:,} MB together: "
                f"{self.remove} one of them first."
            )
        if len(kept) >= self.number.in_all:
            raise UserError(
                f"This server has {len(kept)} {self.things}, as many as it keeps: ask who runs it "
                f"to {self.remove} some."
            )
        if sum(one.size for one in kept) + size > self.size.in_all:
            raise UserError(
                f"The {self.things} of all people would be larger than "
                f"{self.size.in_all // MIB:,} MB together: ask who runs the server to "
                f"{self.remove} some."
            )
