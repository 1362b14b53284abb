"""Fair shares of a cluster, computed by hand."""

from __future__ import annotations

import pytest

from aeviz.cluster import shares


@pytest.mark.parametrize(
    ("capacity", "demands", "expected"),
    [
        (8, {"a": 20}, {"a": 8}),
        (8, {"a": 20, "b": 20}, {"a": 4, "b": 4}),
        (8, {"a": 1, "b": 20}, {"a": 1, "b": 7}),
        (8, {"a": 2, "b": 2}, {"a": 2, "b": 2}),
        (9, {"a": 20, "b": 3, "c": 20}, {"a": 3, "b": 3, "c": 3}),
        (10, {"a": 20, "b": 3, "c": 20}, {"a": 4, "b": 3, "c": 3}),
        (1, {"a": 5, "b": 5}, {"a": 1, "b": 0}),
        (0, {"a": 5}, {"a": 0}),
        (4, {"a": 0, "b": 1}, {"a": 0, "b": 1}),
    ],
)
def test_fair(capacity: int, demands: dict[str, int], expected: dict[str, int]) -> None:
    assert shares.fair(capacity, demands) == expected


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the board, in a list."""
    time = [100.0]
    monkeypatch.setattr(shares.time, "monotonic", lambda: time[0])
    return time


def test_an_app_may_have_what_others_do_not_want(now: list[float]) -> None:
    """So that it can begin to want more."""
    board = shares.Board()
    assert board.report("a", "1", 1, 8) == 8
    assert board.report("b", "1", 2, 8) == 7
    assert board.report("a", "1", 7, 8) == 6
    assert board.report("b", "1", 7, 8) == 4


def test_an_app_wants_what_the_process_wants_that_wants_most(now: list[float]) -> None:
    board = shares.Board()
    board.report("a", "a run", 2, 8)
    board.report("a", "the Lab", 6, 8)
    board.report("a", "a run", 2, 8)
    assert board.report("b", "1", 1, 8) == 4


def test_an_app_that_falls_silent_leaves_its_share(now: list[float]) -> None:
    board = shares.Board()
    board.report("a", "1", 10, 8)
    assert board.report("b", "1", 10, 8) == 4
    now[0] += shares.FORGET_SECONDS
    assert board.report("b", "1", 10, 8) == 8
