"""How long a waiting run still waits: from how far those before it are, and what they will take."""

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

LATELY = 5
"""Runs whose pace tells how much faster or slower than estimated this machine is."""
MAX_OFF = 10.0


def until_turns(rows: Sequence[Row]) -> dict[str, float]:
    """Seconds until each waiting run's turn, by its id, where all of `rows` go on as they do now:
    the slots take the runs in the order of the queue."""
    pace = _pace(rows)
    count = queue.slots()
    running = [row for row in rows if row.status.phase in ("running", "finishing")]
    # what is queued and does not wait has just got its turn
    starting = [row for row in rows if row.status.phase == "queued" and not row.place]
    at_work = (running + starting)[: max(count, len(running))]
    free = [0.0] * max(count - len(at_work), 0)
    # with more at work than there are slots (now), the first to end free none
    slots = sorted(free + [_left(row, pace) for row in at_work])[-count:]
    turns = {}
    for row in sorted((row for row in rows if row.place), key=lambda row: row.place or 0):
        turns[row.id] = slots[0]
        heapreplace(slots, slots[0] + _whole(row, pace))
    return turns


def _left(row: Row, pace: float) -> float:
    """Seconds that a run at work still takes."""
    status = row.status
    since = time.time() - status.updated
    if status.phase == "finishing":
        return max(estimate.AROUND_SECONDS - since, 0.0)
    if status.seconds_left is None:  # it loads its data
        return max(_whole(row, pace) - since, 0.0)
    return max(status.seconds_left - since, 0.0) + estimate.AROUND_SECONDS


def _whole(row: Row, pace: float) -> float:
    """Seconds that a run will take from its turn on."""
    seconds = _measured(row) or pace * _estimated(row.config)
    epochs = max(row.config.training.epochs - row.status.epoch, 0)
    return estimate.AROUND_SECONDS + epochs * seconds


def _measured(row: Row) -> float:
    """Seconds that its epochs took; 0 where it had fewer than two. A median, for it may have been
    stopped in between."""
    times = [line["time"] for line in row.measured if "time" in line]
    return median(b - a for a, b in pairwise(times)) if len(times) > 1 else 0.0


def _pace(rows: Sequence[Row]) -> float:
    """How many times as long as estimated an epoch lately took here."""
    ratios = []
    newest = sorted(rows, key=lambda row: row.status.updated, reverse=True)
    for row in newest:
        if (seconds := _measured(row)) and (guess := _estimated(row.config)):
            ratios.append(seconds / guess)
        if len(ratios) == LATELY:
            break
    found = median(ratios) if ratios else 1.0
    return min(max(found, 1 / MAX_OFF), MAX_OFF)


@lru_cache(500)
def _estimated(config: RunConfig) -> float:
    """Seconds of an epoch; 0 where its data set is gone: such a run fails at once."""
    try:
        return estimate.epoch_seconds(config)
    except UserError:
        return 0.0
