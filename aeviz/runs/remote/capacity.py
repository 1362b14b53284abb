"""How many runs may train at once on the cluster, as all apps on it share it."""

from __future__ import annotations

import contextlib
from typing import Any

from aeviz.cluster import actors, connection
from aeviz.errors import UserError
from aeviz.runs import queue


def report(ray: Any, more: int = 0) -> None:
    """Report to the other apps how many runs want to train here, and `more` tasks besides, and note
    how many may."""
    queue.set_capacity(actors.allowance(ray, queue.demand() + more))


def report_if_possible(ray: Any) -> None:
    """Report, unless the board is lost or slow: a later report reaches it."""
    try:
        report(ray)
    except Exception as error:
        if not connection.is_lost(error):
            raise


def prepare() -> None:
    """Connect to the cluster, and report for the first time. If that fails, so does the work, which
    says why when its turn comes: the cluster may answer by then."""
    with contextlib.suppress(UserError):
        report_if_possible(connection.connect())


def left_over(wanted: int) -> int:
    """How many of its tasks the job that calls this may do at once, if it wants to do so many and
    each run that trains or waits gets a place of its own; at least one, in the job's own."""
    report(connection.connect(), max(0, wanted - 1))
    return max(1, queue.slots() - queue.demand() + 1)
