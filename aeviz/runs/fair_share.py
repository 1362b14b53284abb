"""Fair-share queue order: round-robin over owners, first-in-first-out within each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple


class Ticket(NamedTuple):
    """A run that waits since `came` (nanoseconds) for its `owner`; "" is whoever gave no name: all
    of those are one person."""

    came: int
    run: str
    owner: str


def order(
    waiting: Iterable[Ticket],
    training: Iterable[str],
    turns: Mapping[str, float],
    first: Container[str] = (),
) -> list[Ticket]:
    """The waiting runs, next one first.

    `training`: the owner of each run that trains now. `turns`: when each owner last got a turn.
    `first`: runs that a teacher has moved up; they come before all others.
    A run stands behind those whose owners have fewer runs training or waiting before them; among
    equals the owner who got a turn longest ago comes first, and one who never had any before all
    others. So nobody's first run waits for more than one run of each other person, however many
    those have in the queue.
    """
    ahead = Counter(training)
    ranked = []
    for ticket in sorted(waiting):
        behind = ticket.run not in first
        ranked.append((behind, ahead[ticket.owner], turns.get(ticket.owner, 0.0), ticket))
        ahead[ticket.owner] += 1
    return [ranking[-1] for ranking in sorted(ranked)]
