"""The follower, with a stub of Ray and of the trainer: tests/cluster has it with both."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import pytest
from stub_ray import Reference, StubRay, stub

from aeviz import limits
from aeviz.cluster import actors, connection
from aeviz.errors import UserError
from aeviz.presets.autoencoders import settings_for
from aeviz.runs import queue, store, time_slice
from aeviz.runs.remote import capacity, follower
from aeviz.runs.remote.changes import Changes
from aeviz.runs.store import Phase, Run

__all__ = ["stub"]


class StubTrainer:
    """A trainer that trains three epochs, one in each call of `changes`. The first one is lost in
    its second call if `is_lost`."""

    def __init__(self, ray: StubRay, run: Run, is_lost: bool = False) -> None:
        self.ray, self.run, self.is_lost = ray, run, is_lost
        self.begun, self.epoch = 0, 0

    def __getattr__(self, name: str) -> SimpleNamespace:
        method = getattr(type(self), f"do_{name}")
        return SimpleNamespace(
            remote=lambda *args: Reference(self.ray, lambda: method(self, *args))
        )

    def do_begin(self, *args: object) -> None:
        self.begun += 1

    def do_changes(self, stop: bool) -> Changes:
        self.epoch += 1
        if self.is_lost and self.begun == 1 and self.epoch == 2:
            raise self.ray.lost("RayActorError")
        phase: Phase = "stopped" if stop else "done" if self.epoch == 3 else "running"
        status = replace(self.run.status, phase=phase, epoch=self.epoch)
        return Changes(
            {"status.json": json.dumps(asdict(status)).encode()}, over=phase != "running"
        )


@pytest.fixture
def run(runs_dir: object, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(follower, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(follower, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(actors, "allowance", lambda ray, demand: 1)
    monkeypatch.delenv("AEVIZ_WORKERS", raising=False)
    monkeypatch.setenv("AEVIZ_RAY", "head:6379")
    return store.create(settings_for("vae", "digits"))


@pytest.fixture
def trainer(stub: StubRay, run: Run, monkeypatch: pytest.MonkeyPatch) -> StubTrainer:
    found = StubTrainer(stub, run)
    stub.released.set()
    monkeypatch.setattr(actors, "trainer", lambda *args: found)
    return found


def test_a_lost_board_does_not_interrupt_a_training(
    stub: StubRay, run: Run, trainer: StubTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def allowance(ray: object, demand: int) -> int:
        if trainer.begun:
            raise stub.lost()
        return 1

    monkeypatch.setattr(actors, "allowance", allowance)
    follower.work(run)
    assert run.status.phase == "done"
    assert (trainer.begun, stub.connections) == (1, 1)


def test_the_time_of_an_outage_is_not_the_time_of_a_training(
    stub: StubRay, run: Run, trainer: StubTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster does not answer for hours, while others wait for their turn."""
    now, tries = [0.0], iter([True, False, False, True])
    monkeypatch.setattr(time_slice, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(queue, "others_wait", lambda owner: True)

    def connect() -> Any:
        if next(tries):
            return stub
        now[0] += limits.LONGEST_TRAINING_SECONDS
        raise UserError("The Ray cluster does not answer.")

    monkeypatch.setattr(connection, "connect", connect)
    trainer.is_lost = True
    follower.work(run)
    assert (run.status.phase, trainer.begun) == ("done", 2)


def test_a_training_makes_way_for_others(
    run: Run, trainer: StubTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LONGEST_TRAINING_SECONDS", -1)
    monkeypatch.setattr(queue, "others_wait", lambda owner: True)
    follower.work(run)
    assert (run.status.phase, run.status.message) == ("stopped", time_slice.OVER_MESSAGE)


def refusing(*args: object) -> Any:
    raise UserError("The Ray cluster does not answer.")


def test_a_waiting_run_does_not_fail_if_the_cluster_does_not_answer(
    stub: StubRay, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "connect", refusing)
    capacity.prepare()


def test_a_waiting_run_does_not_fail_if_the_board_is_lost(
    stub: StubRay, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def allowance(ray: object, demand: int) -> int:
        raise stub.lost()

    monkeypatch.setattr(actors, "allowance", allowance)
    capacity.prepare()


def test_a_run_whose_turn_it_is_fails_if_the_cluster_does_not_answer(
    stub: StubRay, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "connect", refusing)
    with pytest.raises(UserError, match="does not answer"):
        follower.work(run)


def test_a_stop_ends_a_trainer_that_has_not_begun(
    stub: StubRay, run: Run, trainer: StubTrainer
) -> None:
    """It may wait for a machine inside Ray."""
    stub.released.clear()
    run.request_stop()
    with pytest.raises(queue.CancelledError):
        follower._train_somewhere(run, 0, lambda: run.stop_requested, time_slice.TimeSlice(""))
    assert stub.killed == [trainer]


def test_a_trainer_that_does_not_begin_is_replaced(
    stub: StubRay, run: Run, trainer: StubTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "CALL_SECONDS", 0.05)
    stub.released.clear()

    def kill(actor: object) -> None:
        stub.killed.append(actor)
        stub.released.set()

    monkeypatch.setattr(stub, "kill", kill)
    follower.work(run)
    assert run.status.phase == "done"
    assert stub.killed == [trainer]
