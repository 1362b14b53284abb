"""docs/limits.md says what aeviz/limits.py holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aeviz import limits
from aeviz.limits import Limit

PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text()
CELLS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines()]
ROWS = {cells[0]: cells[1:4] for cells in CELLS if len(cells) == 5}


def numbers(text: str) -> list[int]:
    """The whole numbers in a cell; "MiB" and "GiB" are multiplied."""
    units = {"KiB": limits.KIB, "MiB": limits.MIB, "GiB": limits.GIB}
    found = re.findall(r"(\d[\d,]*)(?: (KiB|MiB|GiB))?", text)
    return [int(number.replace(",", "")) * units.get(unit, 1) for number, unit in found]


def shares(limit: Limit) -> list[int]:
    """The numbers of a limit in its row of the table: one person, one address, in all."""
    return [amount for amount in (limit.person, limit.address, limit.in_all) if amount is not None]


def both(number: Limit, size: Limit) -> list[int]:
    """The same for something that is limited in number and in bytes."""
    pairs = zip(shares(number), shares(size), strict=True)
    return [amount for pair in pairs for amount in pair]


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("connections to models", shares(limits.SOCKETS)),
        ("one message", [limits.REQUEST]),
        ("one reply", [limits.REPLY]),
        ("replies that are computed or sent", shares(limits.REPLIES)),
        ("codes of a model's gallery", [limits.GALLERY_VALUES]),
        ("open pages", shares(limits.PAGES)),
        ("files that a page has taken in", [limits.PAGE_UPLOADS_OF_SESSION, limits.PAGE_UPLOADS]),
        ("connections", shares(limits.PHOTO_SOCKETS)),
        ("uploads at the same time", shares(limits.UPLOADS)),
        ("what is sent at once", [limits.DATASET_UPLOAD, limits.DATASET_UPLOAD_FILES]),
        (
            "uploads that wait to become a data set, or are under way",
            [limits.WAITING_UPLOADS_OF_PERSON, *shares(limits.WAITING_UPLOADS)],
        ),
        ("data sets", both(limits.OWN_DATASETS, limits.OWN_DATASET_BYTES)),
        ("model files", both(limits.MODELS, limits.MODEL_BYTES)),
        ("reserve for training", [limits.RESERVE]),
        ("runs that train or wait", shares(limits.RUNS)),
        ("trials of a sweep (`aeviz sweep`)", [limits.SWEEP_TRIALS]),
        ("combinations of values that a sweep checks", [limits.SWEEP_COMBINATIONS]),
        ("experiments of the Lab that run or wait", shares(limits.LAB_JOBS)),
        ("results of the Lab", [limits.LAB_KEPT]),
        (
            "networks, and images with them, that a result of the Lab keeps",
            [limits.LAB_NETWORKS, limits.LAB_STORED],
        ),
        ("a turn, while somebody else waits", [limits.LONGEST_TRAINING_SECONDS // 60]),
    ],
)
def test_the_table_has_the_numbers_of_the_code(row: str, values: list[int]) -> None:
    assert [number for cell in ROWS[row] for number in numbers(cell)] == values


def test_one_person_has_less_than_an_address_and_that_less_than_all() -> None:
    found = [value for value in vars(limits).values() if isinstance(value, Limit)]
    assert len(found) >= 10
    for limit in found:
        parts = shares(limit)
        assert parts == sorted(set(parts))
    assert limits.REPLIES.person >= limits.REPLY  # otherwise it would wait for ever
    assert limits.WAITING_UPLOADS.person >= limits.DATASET_UPLOAD * limits.WAITING_UPLOADS_OF_PERSON
