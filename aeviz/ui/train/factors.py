"""Sentences in a model card: which dimension of the code follows which true factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aeviz.escaping import in_markdown
from aeviz.evaluation.evaluate import CATEGORIES
from aeviz.io.json_file import is_number

FOLLOWS = 0.5
"""From this score, a dimension follows a factor."""
HARDLY = 0.3
"""Below this score, a dimension hardly depends on a factor."""


def mig_sentence(mig: float) -> str:
    """The mutual information gap, explained."""
    return (
        f"Mutual information gap (MIG): **{mig:.2f}**. It is 1 if each factor has its own "
        "dimension. It is 0 if every factor is missing or spread evenly over several dimensions."
    )


def factor_sentences(factors: Mapping[str, Any]) -> list[str]:
    """One for each factor of `evaluation.disentanglement.followers`. Rows that are not valid are
    left out, because a card is untrusted."""
    rows = {name: row for name, row in factors.items() if _is_row(row)}
    return [_sentence(name, row, _others(name, rows)) for name, row in rows.items()]


def _sentence(name: str, row: Mapping[str, Any], others: list[str]) -> str:
    unit = "share of its information" if name in CATEGORIES else "rank correlation"
    name, others = in_markdown(name), [in_markdown(other) for other in others]
    best = f"z{row['dimension']}"
    if row["score"] < FOLLOWS:
        return f"No dimension follows **{name}**: {best} comes closest ({unit} {row['score']:.2f})."
    text = f"{best} follows **{name}** ({unit} {row['score']:.2f})"
    if "next" not in row:
        return f"{text}." if not others else f"{text}, and {' and '.join(others)} too."
    after = f"z{row['next']} ({row['next_score']:.2f})"
    if row["next_score"] >= HARDLY:
        text += f", and {after} follows it in part"
    else:
        text += f". The others hardly do; the next is {after}"
    return f"{text}. {best} also changes with {' and '.join(others)}." if others else f"{text}."


def _others(name: str, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The other factors that the best dimension of this one also depends on."""
    dimension = rows[name]["dimension"]
    return [
        other
        for other, row in rows.items()
        if other != name
        and any(
            row.get(place) == dimension and row[score] >= HARDLY
            for place, score in (("dimension", "score"), ("next", "next_score"))
        )
    ]


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict):
        return False
    keys = ("dimension", "score") + (("next", "next_score") if "next" in row else ())
    return all(is_number(row.get(key)) for key in keys)
