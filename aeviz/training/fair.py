"""Whose turn it is: round and round between people, first come first served for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Ticket(NamedTuple):
    """A run that waits since `came` (nanoseconds) for its `owner`; "" is whoever gave no name: all
    of those are one person."""

    came: int
    run: str
    owner: str


def order(
    waiting: Iterable[Ticket], training: Iterable[str], turns: Mapping[str, float]
) -> list[Ticket]:
    """The waiting runs, next one first.

    `training`: the owner of each run that trains now. `turns`: when each owner last got a turn.
    A run stands behind those whose owners have fewer runs training or waiting before them; among
    equals the owner who got a turn longest ago comes first, and one who never had any before all
    others. So nobody's first run waits for more than one run of each other person, however many
    those have in the queue.
    """
    ahead = Counter(training)
    ranked = []
    for ticket in sorted(waiting):
        ranked.append((ahead[ticket.owner], turns.get(ticket.owner, 0.0), ticket))
        ahead[ticket.owner] += 1
    return [ticket for _, _, ticket in sorted(ranked)]
