"""Check a line of metrics.jsonl, which is untrusted."""

from __future__ import annotations

import math
from typing import Any

from aeviz.io import json_file

LATEST = 253_402_300_799.0
"""The last second of the year 9999: no calendar can show a later one."""

_LARGEST_FLOAT = 3.4e38
"""Of single precision, in which losses are computed."""


def checked(row: Any) -> dict[str, Any]:
    """The parsed line; ValueError if it is not valid. Losses may be NaN or infinite."""
    if not (isinstance(row, dict) and json_file.is_count(row.get("epoch"))):
        raise ValueError("no epoch")
    terms = {key: value for key, value in row.items() if key not in ("epoch", "step", "time")}
    validation = terms.pop("validation", {})
    sound = (
        json_file.is_count(row.get("step"))
        and json_file.is_number(row.get("time", 0.0))
        and 0 <= row.get("time", 0.0) <= LATEST
        and isinstance(validation, dict)
        and all(map(_is_term, (*terms.items(), *validation.items())))
        and (row["epoch"] > 0 or "validation" not in row)
    )
    if not sound:
        raise ValueError("not a line of metrics")
    return row


def _is_term(term: tuple[str, Any]) -> bool:
    name, value = term
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and name.isidentifier() and not _LARGEST_FLOAT < abs(value) < math.inf
