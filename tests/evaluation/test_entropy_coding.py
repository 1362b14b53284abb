"""Rates by hand, and real bytes against them."""

from __future__ import annotations

import numpy as np
import pytest

from aeviz.evaluation.entropy_coding import Histogram, decode, encode, histogram


def test_rates_are_those_of_the_smoothed_counts() -> None:
    one = histogram(np.array([3, 3, 3, 5]))
    assert one.low == 3
    assert one.counts.tolist() == [4, 1, 2]
    assert one.bits(np.array([3, 4, 5])).tolist() == pytest.approx(
        [np.log2(7 / 4), np.log2(7), np.log2(7 / 2)]
    )
    assert one.bits(np.array([-9, 99])).tolist() == one.bits(np.array([3, 5])).tolist()


def test_one_symbol_costs_nothing() -> None:
    assert histogram(np.array([7, 7])).bits(np.array([7])).tolist() == [0]


def test_frequencies_fill_the_range_and_none_is_zero() -> None:
    widths = Histogram(0, np.array([10**9, 1, 1, 5])).frequencies()
    assert sum(widths) == 1 << 16
    assert min(widths) >= 1


@pytest.mark.parametrize("spread", [0.1, 1.0, 20.0])
def test_the_coder_gives_back_what_it_got_in_as_many_bytes_as_the_rate_says(spread: float) -> None:
    chance = np.random.default_rng(0)
    scales = spread * np.array([3.0, 1.0, 0.3, 0.01])
    train, test = (
        np.rint(chance.normal(size=(n, 4)) * scales).astype(np.int64) for n in (3000, 1500)
    )
    tables = [histogram(column) for column in train.T]
    inside = np.stack([one.clipped(test[:, i]) for i, one in enumerate(tables)], 1)
    data = encode(test, tables)
    assert np.array_equal(decode(data, len(test), tables), inside)
    ideal = sum(one.bits(test[:, i]).sum() for i, one in enumerate(tables)) / 8
    assert abs(len(data) - ideal) < 0.01 * ideal + 8


def test_a_stream_that_was_cut_is_refused() -> None:
    symbols = np.random.default_rng(1).integers(0, 9, (200, 2))
    tables = [histogram(column) for column in symbols.T]
    data = encode(symbols, tables)
    with pytest.raises(ValueError, match="ends early"):
        decode(data[:-20], 200, tables)
