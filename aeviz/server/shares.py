"""A resource that all visitors share, with limits in all, per person and per address."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aeviz.limits import Limit
from aeviz.server.visitors import Visitor


@dataclass
class Shares:
    """Amounts in any unit. Not thread-safe: for the event loop only.

    Waiting visitors are served in the order of their arrival, except those whose own share is used
    up: others pass them.
    """

    limit: Limit
    taken: int = 0
    _by: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[Visitor, int, asyncio.Future[None]]] = field(default_factory=list)

    def take(self, visitor: Visitor, amount: int = 1) -> bool:
        """Take `amount` if it is free. Returns whether it was."""
        if not self._fits(visitor, amount):
            return False
        self._add(visitor, amount)
        return True

    async def wait(self, visitor: Visitor, amount: int = 1) -> None:
        """Take `amount` once it is free. An amount larger than the limit would wait for ever."""
        if not self._waiting and self.take(visitor, amount):
            return
        entry = (visitor, amount, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._serve()
        try:
            await entry[2]
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:  # it was served just before the cancellation
                self.give_back(visitor, amount)
            raise

    def give_back(self, visitor: Visitor, amount: int = 1) -> None:
        self._add(visitor, -amount)
        self._serve()

    @asynccontextmanager
    async def held(self, visitor: Visitor, amount: int = 1) -> AsyncIterator[None]:
        """Wait for `amount`, and give it back at the end of the block."""
        await self.wait(visitor, amount)
        try:
            yield
        finally:
            self.give_back(visitor, amount)

    def _fits(self, visitor: Visitor, amount: int) -> bool:
        in_all, person, address = self.limit
        return (
            self.taken + amount <= in_all
            and self._by[f"person {visitor.person}"] + amount <= person
            and (address is None or self._by[f"address {visitor.address}"] + amount <= address)
        )

    def _add(self, visitor: Visitor, amount: int) -> None:
        self.taken += amount
        for key in (f"person {visitor.person}", f"address {visitor.address}"):
            self._by[key] += amount
            if not self._by[key]:
                del self._by[key]

    def _serve(self) -> None:
        for entry in list(self._waiting):
            visitor, amount, future = entry
            if not future.done() and self.take(visitor, amount):  # done: its task was cancelled
                self._waiting.remove(entry)
                future.set_result(None)
