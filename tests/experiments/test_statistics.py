"""Intervals and comparisons against hand values and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from aeviz.experiments.statistics import Interval, auc, compare, interval, percent, wilson


def test_students_interval_by_hand() -> None:
    found = interval([1.0, 2.0, 3.0])
    half = 4.302652730 / math.sqrt(3)  # t(2) at 97.5 %, times s = 1
    assert found.mean == 2.0
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half))


def test_one_value_has_no_interval() -> None:
    found = interval([0.4])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert "one value" in str(found)


def test_wilsons_interval_is_scipys() -> None:
    theirs = stats.binomtest(485, 500).proportion_ci(0.95, "wilson")
    found = wilson(485, 500)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert 0 < wilson(500, 500).low < wilson(500, 500).high <= 1 + 1e-12


def test_auc_of_perfect_constant_and_broken_scores() -> None:
    assert auc([0, 1], [2, 3]).mean == 1
    assert auc([2, 3], [0, 1]).mean == 0
    constant = auc([1, 1, 1], [1, 1])
    assert constant.mean == 0.5
    assert constant.low < 0.5 < constant.high


def test_auc_is_scikit_learns_with_ties() -> None:
    draws = np.random.default_rng(0)
    normal, other = draws.integers(0, 8, 60), draws.integers(3, 12, 40)
    labels = [0] * 60 + [1] * 40
    assert auc(normal, other).mean == pytest.approx(roc_auc_score(labels, [*normal, *other]))


def test_welchs_comparison_is_scipys() -> None:
    a, b = [1.0, 1.2, 0.9, 1.1], [0.7, 0.6, 0.8]
    theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    found = compare(a, b)
    assert (found.difference.low, found.difference.high) == pytest.approx((theirs.low, theirs.high))
    assert found.ahead == "a"
    assert compare(b, a).ahead == "b"


def test_pairs_cancel_what_they_share() -> None:
    a, b = [1.0, 5.0, 9.0], [0.8, 4.82, 8.78]
    assert compare(a, b).ahead == "open"
    assert compare(a, b, paired=True).ahead == "a"
    with pytest.raises(ValueError, match="pairs"):
        compare([1.0], [1.0, 2.0], paired=True)


def test_one_value_against_repeats_and_one_value_against_one() -> None:
    assert compare([2.0], [1.0, 1.1, 0.9]).ahead == "a"
    assert compare([1.0], [1.0, 1.1, 0.9]).ahead == "open"
    assert compare([2.0], [1.0]).ahead == "open"
    assert compare([2.0, 2.0], [1.0, 1.0]).ahead == "a"


def test_percent_has_a_space_before_its_sign() -> None:
    assert percent(0.6612) == "66 %"
    assert percent(0.0005, 2) == "0.05 %"


def test_an_interval_ends_where_the_quantity_does() -> None:
    wide = interval([0.0, 1.0])
    assert (wide.within(0.0, 1.0).low, wide.within(0.0, 1.0).high) == (0, 1)
    assert wide.within(0.0).high == wide.high
    assert wide.within(0.0).mean == 0.5
    assert str(interval([0.5]).within(0.0, 1.0)) == "0.500 (one value)"


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.75, 0.712, 0.8), "0.750 (0.712 to 0.800)"),
        ((0.000182, -0.00104, 0.0014), "0.00018 (−0.00104 to 0.00140)"),
        ((14.0, 4.72, 23.2), "14.0 (4.7 to 23.2)"),
        ((0.9442, 0.9438, 0.9446), "0.9442 (0.9438 to 0.9446)"),
        ((0.00321, 0.0, 0.00886), "0.00321 (0 to 0.00886)"),
        ((1234.5, 1200.0, 1300.0), "1234 (1200 to 1300)"),
        ((0.0, 0.0, 0.0), "0 (0 to 0)"),
    ],
)
def test_an_interval_is_written_with_as_many_decimals_throughout(
    ends: tuple[float, float, float], text: str
) -> None:
    assert str(Interval(*ends, 5)) == text
