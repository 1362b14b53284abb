"""A card's sentences about factors: each state of a code has its own, invalid rows are left out."""

from __future__ import annotations

import pytest

from aeviz.ui.train.factors import factor_sentences

OWN = {"dimension": 3, "score": 0.97, "next": 1, "next_score": 0.1}
SPREAD = {"dimension": 4, "score": 0.8, "next": 1, "next_score": 0.6}
MISSING = {"dimension": 3, "score": 0.2, "next": 0, "next_score": 0.1}


def test_a_factor_of_its_own_a_spread_one_and_a_missing_one() -> None:
    own, spread, missing = factor_sentences({"x": OWN, "y": SPREAD, "rotation": MISSING})
    assert "z3 follows **x**" in own
    assert "hardly" in own
    assert "also" not in own  # z3 has next to nothing to do with rotation
    assert "z4 follows **y**" in spread
    assert "z1 (0.60)" in spread
    assert "No dimension follows **rotation**" in missing


def test_a_dimension_that_holds_two_factors_is_said_to() -> None:
    x, colour = factor_sentences({"x": OWN, "colour": OWN | {"score": 0.7}})
    assert "also changes with colour" in x
    assert "also changes with x" in colour


def test_a_code_of_one_number() -> None:
    x, y = factor_sentences(
        {"x": {"dimension": 0, "score": 0.9}, "y": {"dimension": 0, "score": 0.6}}
    )
    assert "z0 follows **x**" in x
    assert "y" in x.split("**x**")[1]
    assert "x" in y.split("**y**")[1]


def test_a_shape_has_no_rank() -> None:
    (sentence,) = factor_sentences({"shape": OWN})
    assert "rank" not in sentence


@pytest.mark.parametrize("row", [[1], None, {"dimension": 1}, OWN | {"next_score": "high"}])
def test_rows_that_are_none_are_left_out(row: object) -> None:
    assert len(factor_sentences({"odd": row, "x": OWN})) == 1
