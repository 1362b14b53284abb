"""Numbers in words."""

from __future__ import annotations

from aeviz.wording import clock, place_in_queue, plural, soon


def test_plurals() -> None:
    assert [plural(n, "run") for n in (0, 1, 2, 2000)] == [
        "0 runs",
        "1 run",
        "2 runs",
        "2,000 runs",
    ]


def test_places_in_a_queue() -> None:
    assert [place_in_queue(n) for n in (1, 2, 3, 4, 11, 12, 21, 112)] == [
        "next", "2nd", "3rd", "4th", "11th", "12th", "21st", "112th"
    ]  # fmt: skip


def test_times() -> None:
    assert [clock(s) for s in (7, 67.4, 600, 3725)] == ["0:07", "1:07", "10:00", "1:02:05"]
    assert [soon(s) for s in (0, 29, 60, 170)] == [
        "in less than a minute", "in less than a minute", "in about 1 minute",
        "in about 3 minutes",
    ]  # fmt: skip
