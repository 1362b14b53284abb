"""Which dimension of a code follows which true factor, in sentences of a model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aeviz.escaping import in_markdown
from aeviz.evaluation.evaluate import CATEGORIES
from aeviz.io.json_file import is_number

FOLLOWS = 0.5
"""A dimension follows a factor from this score on."""
HARDLY = 0.3
"""Below this a dimension has next to nothing to do with a factor."""


def mig_sentence(mig: float) -> str:
    """What the mutual information gap says."""
    return (
        f"Mutual information gap (MIG): **{mig:.2f}**. It is 1 if each factor has a dimension of "
        "its own, and 0 if every factor is spread evenly over two or more dimensions or missing."
    )


def factor_sentences(factors: Mapping[str, Any]) -> list[str]:
    """One for each factor of `evaluation.disentanglement.followers`; rows that are none are left
    out, as a card may come from a stranger."""
    rows = {name: row for name, row in factors.items() if _is_row(row)}
    return [_sentence(name, row, _others(name, rows)) for name, row in rows.items()]


def _sentence(name: str, row: Mapping[str, Any], others: list[str]) -> str:
    unit = "share of its information" if name in CATEGORIES else "rank correlation"
    name, others = in_markdown(name), [in_markdown(other) for other in others]
    best = f"z{row['dimension']}"
    if row["score"] < FOLLOWS:
        return f"No dimension follows **{name}**: {best} comes closest ({unit} {row['score']:.2f})."
    said = f"{best} follows **{name}** ({unit} {row['score']:.2f})"
    if "next" not in row:
        return f"{said}." if not others else f"{said}, and {' and '.join(others)} too."
    after = f"z{row['next']} ({row['next_score']:.2f})"
    if row["next_score"] >= HARDLY:
        said += f", but {after} does so in part"
    else:
        said += f", the others hardly: the next is {after}"
    return f"{said}. {best} also moves with {' and '.join(others)}." if others else f"{said}."


def _others(name: str, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The other factors that the dimension of this one has to do with."""
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
