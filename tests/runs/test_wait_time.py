"""The waiting time of a run: the remaining time of those before it, in the order of the queue."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aeviz.config import RunConfig
from aeviz.runs import estimate, wait_time
from aeviz.runs.listing import Row
from aeviz.runs.store import Run, Status

AROUND = estimate.AROUND_SECONDS


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands, one slot, and epochs of two seconds by estimate."""
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    monkeypatch.setenv("AEVIZ_WORKERS", "1")
    monkeypatch.setattr(wait_time, "_estimated", lambda config: 2.0)


def row(name: str, status: Status, place: int | None = None, times: tuple[float, ...] = ()) -> Row:
    """A run of ten epochs, some of which ended at these times."""
    config = RunConfig().replace(**{"training.epochs": 10})
    measured = tuple({"epoch": i, "time": at} for i, at in enumerate(times, 1))
    return Row(Run(Path(name)), name, "", config, status, measured=measured, place=place)


def training(left: float | None, name: str = "now", updated: float = 1000.0) -> Row:
    return row(name, Status("running", seconds_left=left, updated=updated))


def test_the_next_waits_for_what_is_left_and_others_for_those_before_them() -> None:
    rows = [row("b", Status(), 2), training(30.0), row("a", Status(), 1), row("c", Status(), 3)]
    turns = wait_time.seconds_until_turns(rows)
    first = 30.0 + AROUND
    whole = 10 * 2.0 + AROUND
    assert turns == {"a": first, "b": first + whole, "c": first + 2 * whole}


def test_time_goes_by_between_two_looks_at_a_status() -> None:
    turns = wait_time.seconds_until_turns([training(30.0, updated=990.0), row("a", Status(), 1)])
    assert turns == {"a": 20.0 + AROUND}


def test_two_slots_take_two_runs_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", "2")
    rows = [training(10.0, "x"), training(100.0, "y"), row("a", Status(), 1), row("b", Status(), 2)]
    turns = wait_time.seconds_until_turns(rows)
    assert turns == {"a": 10.0 + AROUND, "b": 10.0 + AROUND + 20.0 + AROUND}


def test_a_free_slot_is_taken_at_once() -> None:
    assert wait_time.seconds_until_turns([row("a", Status(), 1)]) == {"a": 0.0}


def test_what_has_just_got_its_turn_is_before_all_others() -> None:
    rows = [row("a", Status(), 1), row("taken", Status(updated=1000.0))]
    assert wait_time.seconds_until_turns(rows) == {"a": 10 * 2.0 + AROUND}


def test_what_loads_or_is_measured_counts_too() -> None:
    loading = wait_time.seconds_until_turns([training(None), row("a", Status(), 1)])
    assert loading == {"a": 10 * 2.0 + AROUND}
    finishing = row("now", Status("finishing", updated=999.0))
    assert wait_time.seconds_until_turns([finishing, row("a", Status(), 1)]) == {"a": AROUND - 1.0}


def test_a_run_that_goes_on_takes_its_own_epochs_and_only_those_that_are_left() -> None:
    halfway = row("a", Status(epoch=5), 1, times=(0.0, 3.0, 6.0, 900.0, 903.0))  # it was stopped
    turns = wait_time.seconds_until_turns([halfway, row("b", Status(), 2)])
    assert turns["b"] == 5 * 3.0 + AROUND


def test_a_machine_that_was_slower_than_estimated_is_taken_for_slow() -> None:
    done = row("done", Status("done", updated=999.0), times=(0.0, 8.0, 16.0))
    rows = [done, row("a", Status(), 1), row("b", Status(), 2)]
    assert wait_time.seconds_until_turns(rows)["b"] == 10 * 8.0 + AROUND


def test_where_more_are_at_work_than_there_are_slots_the_first_to_end_frees_none() -> None:
    rows = [training(10.0, "x"), training(20.0, "y"), row("a", Status(), 1)]
    assert wait_time.seconds_until_turns(rows)["a"] == 20.0 + AROUND
