"""Base paths, numbers in a query, and errors as sentences."""

from __future__ import annotations

import pytest

from aeviz.errors import UserError
from aeviz.server.http import base, whole_number


@pytest.mark.parametrize(
    ("given", "start"),
    [("", ""), ("/", ""), ("class", "/class"), ("/class/", "/class"), ("a/b/", "/a/b")],
)
def test_a_base_path_starts_an_address(given: str, start: str) -> None:
    assert base(given) == start


def test_whole_numbers_are_read_within_their_bounds() -> None:
    assert whole_number("n", None, 32, 10) == 32  # the usual one is not checked
    assert [whole_number("n", value, 0, 10, low=1) for value in ("1", 10, "07")] == [1, 10, 7]


@pytest.mark.parametrize("value", ["0", "11", "-1", "1.5", "", " 1", "٣", "1" * 5000])
def test_anything_else_gets_one_sentence(value: object) -> None:
    with pytest.raises(UserError, match="Give n as a whole number from 1 to 10"):
        whole_number("n", value, 0, 10, low=1)
