"""docs/limits.md says what aeviz/limits.py holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aeviz import limits

PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text()
CELLS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines()]
ROWS = {cells[0]: cells[1:4] for cells in CELLS if len(cells) == 5}


def numbers(text: str) -> list[int]:
    """The whole numbers in a cell; "MiB" and "GiB" are multiplied."""
    units = {"KiB": limits.KIB, "MiB": limits.MIB, "GiB": limits.GIB}
    found = re.findall(r"(\d[\d,]*)(?: (KiB|MiB|GiB))?", text)
    return [int(number.replace(",", "")) * units.get(unit, 1) for number, unit in found]


@pytest.mark.parametrize(
    ("row", "values"),
    [
        (
            "connections to models",
            (limits.SOCKETS_OF_PERSON, limits.SOCKETS_OF_ADDRESS, limits.SOCKETS),
        ),
        ("one message", (limits.REQUEST,)),
        ("one reply", (limits.REPLY,)),
        (
            "replies that are computed or sent",
            (limits.REPLIES_OF_PERSON, limits.REPLIES_OF_ADDRESS, limits.REPLIES),
        ),
        ("codes of a model's gallery", (limits.GALLERY_VALUES,)),
        ("open pages", (limits.PAGES_OF_PERSON, limits.PAGES_OF_ADDRESS, limits.PAGES)),
        (
            "files that a page has taken in",
            (limits.PAGE_UPLOADS_OF_SESSION, limits.PAGE_UPLOADS),
        ),
        (
            "connections",
            (
                limits.PHOTO_SOCKETS_OF_PERSON,
                limits.PHOTO_SOCKETS_OF_ADDRESS,
                limits.PHOTO_SOCKETS,
            ),
        ),
        (
            "uploads at the same time",
            (limits.UPLOADS_OF_PERSON, limits.UPLOADS_OF_ADDRESS, limits.UPLOADS),
        ),
        ("what is sent at once", (limits.PARCEL, limits.PARCEL_ITEMS)),
        (
            "uploads that wait to be made a data set",
            (limits.WAITING_PARCELS_OF_PERSON, limits.WAITING_PARCELS),
        ),
        ("reserve for trainings", (limits.RESERVE,)),
        ("runs that train or wait", (limits.RUNS_OF_PERSON, limits.RUNS)),
        ("a turn, while somebody else waits", (limits.LONGEST_TRAINING_SECONDS // 60,)),
    ],
)
def test_the_table_has_the_numbers_of_the_code(row: str, values: tuple[int, ...]) -> None:
    assert [number for cell in ROWS[row] for number in numbers(cell)] == list(values)


def test_one_person_has_less_than_an_address_and_that_less_than_all() -> None:
    for name in ("SOCKETS", "PHOTO_SOCKETS", "UPLOADS", "PAGES", "REPLIES"):
        parts = [getattr(limits, name + of) for of in ("_OF_PERSON", "_OF_ADDRESS", "")]
        assert parts == sorted(parts)
        assert parts[0] < parts[1] < parts[2]
    assert limits.REPLY <= limits.REPLIES_OF_PERSON  # else it would wait for ever
