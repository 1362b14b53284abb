"""The follower: the process of a run on the server, if its training is on another machine.

It waits for the run's turn, has a trainer train the run, and writes what changes on the other
machine into the run's folder. If the trainer, its machine or the cluster is lost, it finds another
one, which goes on from the last epoch that was saved here.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aeviz.cluster import actors, connection
from aeviz.cluster.packs import Pack, pack
from aeviz.datasets import transfer
from aeviz.errors import UserError
from aeviz.runs import queue
from aeviz.runs.remote import capacity
from aeviz.runs.remote.changes import to_begin_with
from aeviz.runs.remote.trainer import Trainer
from aeviz.runs.store import Run
from aeviz.runs.time_slice import OVER_MESSAGE, TimeSlice

LOSSES = 3
"""So many trainers may be lost without a new epoch in between; then the run itself is to blame."""
REPORT_SECONDS = 5.0
"""How often an app reports to the others of the cluster what it wants."""
RETRY_SECONDS = 1.0
CALL_SECONDS = 60.0
"""A trainer that has not answered for so long counts as lost: longer than a busy machine takes."""


def work(run: Run, server: int | None = None) -> None:
    """Have the run trained to its end, a Stop, or a failure, as `aeviz.runs.worker.work` trains it
    here. The results are in its folder."""

    def stopped() -> bool:
        orphaned = server is not None and os.getppid() != server
        return orphaned or run.stop_requested or run.is_gone

    time_slice = TimeSlice(run.owner)
    with queue.turn(run, stopped, capacity.prepare) as slot:
        _train_somewhere(run, slot, stopped, time_slice)
    if time_slice.is_over and run.status.phase == "stopped":
        run.write_status(replace(run.status, message=OVER_MESSAGE))


def _train_somewhere(
    run: Run, slot: int, stopped: Callable[[], bool], time_slice: TimeSlice
) -> None:
    """Train the run on one machine after another, until none is lost. Only while it trains, it may
    have to make way for others."""
    ray = connection.connect()
    losses, epoch = 0, run.status.epoch
    while True:
        began = False
        try:
            data = pack(transfer.files([run.config.dataset]), ray)
            trainer = _trainer(run, ray, slot, stopped)
            _begin(run, ray, trainer, data, stopped)
            began = True
            time_slice.begin()
            _follow(run, ray, trainer, lambda: stopped() or time_slice.check())
            return
        except Exception as error:
            if not connection.is_lost(error):
                raise
        # a trainer that was lost before it began may just not be known to be lost yet
        losses = 1 if run.status.epoch > epoch else losses + began
        epoch = run.status.epoch
        if losses >= LOSSES:
            raise UserError(
                f"The machine that trained it was lost {LOSSES} times without a new epoch. What it "
                "had saved is kept: choose a smaller network or batch, or press Continue."
            )
        ray = _connect_again(run, stopped)


def _connect_again(run: Run, stopped: Callable[[], bool]) -> Any:
    """A new connection, as soon as the cluster answers. The old one may be to a cluster, or to a
    machine, that has ended."""
    connection.disconnect()
    epoch = run.status.epoch
    then = f"continues from epoch {epoch}" if epoch else "starts again"
    _say(run, f"Its machine in the cluster does not answer. It {then} as soon as another one does.")
    while True:
        _wait(stopped)
        with contextlib.suppress(UserError):
            return connection.connect()


def _trainer(run: Run, ray: Any, slot: int, stopped: Callable[[], bool]) -> Any:
    """The trainer of this slot, as soon as the cluster has room for it."""
    waits = False
    while True:
        capacity.report(ray)
        found = actors.trainer(ray, Trainer, slot)
        if found is not None:
            return found
        if not waits:
            _say(run, "It waits for a free machine of the cluster.")
        waits = True
        _wait(stopped)


def _begin(run: Run, ray: Any, trainer: Any, data: Pack, stopped: Callable[[], bool]) -> None:
    """Have the trainer begin. One that does not is ended: it may wait for a machine inside Ray, for
    ever, if another app was faster to take the room for it."""
    call = trainer.begin.remote(run.id, to_begin_with(run), data)
    deadline = time.monotonic() + CALL_SECONDS
    while not ray.wait([call], timeout=RETRY_SECONDS)[0]:
        is_late = time.monotonic() > deadline
        if is_late or stopped():
            ray.kill(trainer)
            raise ray.exceptions.GetTimeoutError if is_late else queue.CancelledError
    ray.get(call)


def _follow(run: Run, ray: Any, trainer: Any, should_stop: Callable[[], bool]) -> None:
    """Write what the trainer reports into the run's folder, until the training is over."""
    reported = time.monotonic()
    while True:
        changes = ray.get(trainer.changes.remote(should_stop()), timeout=CALL_SECONDS)
        if run.is_gone:
            return  # the trainer stops, as nobody calls it any more
        changes.apply(run)
        if changes.over:
            return
        if time.monotonic() - reported > REPORT_SECONDS:
            capacity.report_if_possible(ray)
            reported = time.monotonic()


def _say(run: Run, message: str) -> None:
    run.write_status(replace(run.status, phase="queued", message=message, seconds_left=None))


def _wait(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise queue.CancelledError
    time.sleep(RETRY_SECONDS)
