"""Parameters from plain data: what is right is built, what is wrong is one sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from aeviz.errors import UserError
from aeviz.experiments import parameters as p


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset("digits")
    arms: tuple[str, ...] = p.choices(("a", "b"), "Arms", "", ("a", "b", "c"))
    sizes: tuple[int, ...] = p.numbers((1, 2), "Sizes", "", 1, 64, 4)
    weight: float = p.number(0.5, "Weight", "", 0, 1)
    kind: str = p.choice("one", "Kind", "", ("one", "two"))
    seeds: int = p.seeds(3)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"sizes": "8, 2"},
        {"sizes": "[8,2]"},
        {"arms": "c"},
        {"weight": "0.25", "seeds": "4"},
        {"kind": "two", "arms": ["c", "a"], "sizes": [3]},
    ],
)
def test_parameters_go_to_json_and_to_text_and_back(data: dict[str, Any]) -> None:
    found = p.build(Parameters, data)
    plain = p.plain(found)
    assert p.build(Parameters, json.loads(json.dumps(plain))) == found
    assert p.build(Parameters, {name: p.as_text(value) for name, value in plain.items()}) == found


def test_lists_of_numbers_are_sorted_and_words_keep_their_order() -> None:
    found = p.build(Parameters, {"sizes": "8,2", "arms": "c,a"})
    assert (found.sizes, found.arms) == ((2, 8), ("c", "a"))


@pytest.mark.parametrize(
    "data",
    [
        {"size": 1},
        {"sizes": "0"},
        {"sizes": "65"},
        {"sizes": "1,1"},
        {"sizes": "1,2,3,4,5"},
        {"sizes": ""},
        {"sizes": "1.5"},
        {"sizes": [True]},
        {"sizes": {"a": 1}},
        {"arms": "a,d"},
        {"arms": []},
        {"weight": "nan"},
        {"weight": "Infinity"},
        {"weight": 1.01},
        {"weight": None},
        {"kind": "three"},
        {"kind": 1},
        {"seeds": 0},
        {"seeds": 1.5},
        {"seeds": "1e400"},
        {"seeds": "9" * 5000},
        {"dataset": "no-such"},
        {"dataset": 5},
    ],
)
def test_what_is_wrong_is_one_sentence(data: dict[str, Any]) -> None:
    with pytest.raises(UserError) as error:
        p.build(Parameters, data)
    assert len(str(error.value)) < 300
