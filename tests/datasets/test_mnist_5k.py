from __future__ import annotations

import numpy as np
import pytest

from aeviz.datasets.mnist_5k import parse


def text_of(table: np.ndarray) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in table.tolist()).encode()


def test_a_table_is_read_as_it_was_written() -> None:
    table = np.random.default_rng(0).integers(0, 256, (3, 785))
    table[0, :4] = 0, 9, 10, 255
    table[1, 0], table[2, -1] = 100, 99
    found = parse(text_of(table))
    assert found.dtype == np.uint8
    assert (found == table).all()


@pytest.mark.parametrize(
    "line",
    [
        "0," * 784,  # the label is missing
        "0," * 785 + "0",
        "256," + "0," * 783 + "0",
        "-1," + "0," * 783 + "0",
        "1.5," + "0," * 783 + "0",
        "1000," + "0," * 783 + "0",
        "," + "0," * 783 + "0",
        "x," + "0," * 783 + "0",
        "",
    ],
)
def test_what_is_no_such_table_is_refused(line: str) -> None:
    good = text_of(np.zeros((1, 785), int))
    with pytest.raises(ValueError):  # noqa: PT011 - any: `packaged` says it in words
        parse(good + line.encode() + b"\n")


def test_lines_that_differ_in_length_are_refused() -> None:
    lines = ("0," * 783 + "0\n" + "0," * 785 + "0\n").encode()
    with pytest.raises(ValueError, match="784 pixels"):
        parse(lines)
