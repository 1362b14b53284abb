"""Numbers in words."""

from __future__ import annotations

from aeviz.wording import (
    clock,
    file_size,
    numbers_in,
    place_in_queue,
    plural,
    rough_duration,
    short_count,
    soon,
    times,
    without_numbers,
)


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


def test_rough_durations() -> None:
    assert [rough_duration(s) for s in (1, 42, 170, 7200)] == ["5 s", "40 s", "3 min", "2.0 h"]


def test_counts() -> None:
    assert [short_count(n) for n in (653, 9_999, 50_992, 1_137_184)] == [
        "653", "9,999", "51 k", "1.1 M"
    ]  # fmt: skip
    assert [times(n) for n in (1, 2, 38)] == ["once", "twice", "38 times"]


def test_file_sizes() -> None:
    sizes = (10, 4.4 * 2**20, 310 * 2**20, 1.2 * 2**30)
    assert [file_size(size) for size in sizes] == ["1 kB", "4.4 MB", "310 MB", "1.2 GB"]


def test_numbers_in_a_text_may_have_commas() -> None:
    assert numbers_in("beta 0.1, 4,000 images, z1, 128") == [0.1, 4000, 1, 128]
    assert without_numbers("6 layers, 4,000 images") == without_numbers("1 layers, 50 images")
