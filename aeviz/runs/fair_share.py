"""Fair-share queue order: round-robin over owners, first-in-first-out within each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple


class Ticket(NamedTuple):
    """A run of `owner` that has waited since `came` (nanoseconds since the epoch). All runs without
    an owner ("") count as one person's."""

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
    `first`: runs that the teacher has moved up; they come before all others.

    The rank of a run is the number of its owner's runs that train or wait before it; lower ranks
    come first. Among equal ranks, owners who never had a turn come first, then those whose last
    turn was longest ago. So a person's first run waits for at most one run of each other person,
    however many they have in the queue.
    """
    ahead = Counter(training)
    ranked = []
    for ticket in sorted(waiting):
        not_moved_up = ticket.run not in first
        ranked.append((not_moved_up, ahead[ticket.owner], turns.get(ticket.owner, 0.0), ticket))
        ahead[ticket.owner] += 1
    return [ranking[-1] for ranking in sorted(ranked)]
