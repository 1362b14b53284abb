"""Sentences about posterior collapse."""

from __future__ import annotations

import pytest

from aeviz.ui.train.diagnostics import collapse_message


@pytest.mark.parametrize(
    ("active", "starts", "names"),
    [
        ([True] * 4, "", ""),
        (
            [True, True, True, False],
            "1 of 4 dimensions carries no information (z3)",
            "only a problem",
        ),
        ([False, False, True, False], "**Much of the posterior", "3 of 4 dimensions"),
        ([False] * 3, "**The posterior has collapsed", "same image for all"),
        ([True] * 2 + [False] * 12, "**Much of", "z2, z3, z4, z5, z6, z7, z8, z9 and 4 more"),
    ],
)
def test_a_collapse_is_said_in_words(active: list[bool], starts: str, names: str) -> None:
    said = collapse_message(active, beta=4)
    assert said.startswith(starts)
    assert names in said


def test_what_to_try_against_a_collapse() -> None:
    said = collapse_message([False, False], beta=4)
    for word in ("smaller beta (it is 4)", "warm-up", "free bits"):
        assert word in said
    assert "warm-up" not in collapse_message([False, False], beta=4, warmup=0.2)  # it has one
