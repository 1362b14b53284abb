"""Estimate how long a waiting run still waits, from the progress of the runs before it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from heapq import heapreplace
from itertools import pairwise
from statistics import median

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.runs import estimate, queue
from aeviz.runs.listing import Row

LATEST_RUNS = 5
"""The pace of this machine is measured on so many of the latest runs."""
MAX_PACE = 10.0
"""Limit of the pace: an epoch takes 1/10 of the estimate to 10 times as long."""


def seconds_until_turns(rows: Sequence[Row]) -> dict[str, float]:
    """Seconds until each waiting run's turn, by its id. Assumes that the runs in `rows` keep their
    pace, and that slots take them in the order of the queue."""
    pace = _pace(rows)
    count = queue.slots()
    running = [row for row in rows if row.status.phase in ("running", "finishing")]
    # a queued run without a place has just got its turn
    starting = [row for row in rows if row.status.phase == "queued" and not row.place]
    at_work = (running + starting)[: max(count, len(running))]
    free = [0.0] * max(count - len(at_work), 0)
    # if more runs are at work than there are slots now, the first ones to end free no slot
    slots = sorted(free + [_seconds_left(row, pace) for row in at_work])[-count:]
    turns = {}
    for row in sorted((row for row in rows if row.place), key=lambda row: row.place or 0):
        turns[row.id] = slots[0]
        heapreplace(slots, slots[0] + _seconds_from_turn(row, pace))
    return turns


def _seconds_left(row: Row, pace: float) -> float:
    """Seconds until the end of a run at work."""
    status = row.status
    since = time.time() - status.updated
    if status.phase == "finishing":
        return max(estimate.AROUND_SECONDS - since, 0.0)
    if status.seconds_left is None:  # it is loading its data
        return max(_seconds_from_turn(row, pace) - since, 0.0)
    return max(status.seconds_left - since, 0.0) + estimate.AROUND_SECONDS


def _seconds_from_turn(row: Row, pace: float) -> float:
    """Seconds from a run's turn to its end."""
    seconds = _measured(row) or pace * _estimated(row.config)
    epochs = max(row.config.training.epochs - row.status.epoch, 0)
    return estimate.AROUND_SECONDS + epochs * seconds


def _measured(row: Row) -> float:
    """Seconds of one of its epochs; 0 if it had fewer than two. The median, as the run may have
    been stopped between two epochs."""
    times = [line["time"] for line in row.measured if "time" in line]
    return median(b - a for a, b in pairwise(times)) if len(times) > 1 else 0.0


def _pace(rows: Sequence[Row]) -> float:
    """How many times as long as estimated the epochs of the latest runs took."""
    ratios = []
    newest = sorted(rows, key=lambda row: row.status.updated, reverse=True)
    for row in newest:
        if (seconds := _measured(row)) and (guess := _estimated(row.config)):
            ratios.append(seconds / guess)
        if len(ratios) == LATEST_RUNS:
            break
    found = median(ratios) if ratios else 1.0
    return min(max(found, 1 / MAX_PACE), MAX_PACE)


@lru_cache(500)
def _estimated(config: RunConfig) -> float:
    """Seconds of an epoch; 0 if its data set is gone: the run then fails at once."""
    try:
        return estimate.epoch_seconds(config)
    except UserError:
        return 0.0
