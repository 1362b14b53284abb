"""How much people may keep: each limit has its error, and what fits is accepted."""

from __future__ import annotations

import pytest

from aeviz.errors import UserError
from aeviz.limits import MIB, Limit
from aeviz.quota import Kept, Quota

QUOTA = Quota(
    "pictures", "remove", Limit(in_all=4, person=2), Limit(in_all=30 * MIB, person=20 * MIB)
)
ANN, BEN, CAT = (Kept(owner, 9 * MIB) for owner in ("ann", "ben", "cat"))


@pytest.mark.parametrize(
    ("kept", "size", "sentence"),
    [
        ([ANN, ANN], 1, "You have 2 pictures, the most that one person may keep: remove one"),
        ([ANN], 11 * MIB + 1, "Your pictures would exceed 20 MB in all: remove one"),
        (
            [BEN, BEN, CAT, CAT],
            1,
            "This server has 4 pictures, the most that it may keep: ask the person who runs",
        ),
        (
            [BEN, CAT],
            12 * MIB + 1,
            "would exceed 30 MB in all: ask the person who runs the server to remove",
        ),
    ],
)
def test_one_too_many_is_a_sentence(kept: list[Kept], size: int, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        QUOTA.check(kept, "ann", size)


@pytest.mark.parametrize(
    ("kept", "size"),
    [([ANN], 11 * MIB), ([BEN, BEN, CAT], 3 * MIB), ([BEN, CAT], 12 * MIB)],
)
def test_what_fits_exactly_is_let_in(kept: list[Kept], size: int) -> None:
    QUOTA.check(kept, "ann", size)


def test_nobodys_count_as_one_persons() -> None:
    with pytest.raises(UserError, match="You have 2"):
        QUOTA.check([Kept("", 1), Kept("", 1)], "", 1)
