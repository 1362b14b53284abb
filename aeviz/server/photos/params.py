"""Parse the parameters in a request's address and body; UserError if they are invalid."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from aeviz.errors import UserError
from aeviz.server.http import whole_number

MAX_ZIPPED: Final = 1000
MAX_SEED: Final = 2**31 - 1
_NUMBER: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")


@dataclass(frozen=True)
class DegradationRequest:
    """The degradation to apply to a clean upload; amount None for the default."""

    name: str
    amount: float | None
    seed: int


def damage(query: Mapping[str, str]) -> DegradationRequest | None:
    """`?damage=noise&amount=25&seed=1`; None if no damage is named."""
    if not query.get("damage"):
        return None
    amount = query.get("amount")
    return DegradationRequest(
        query["damage"],
        None if not amount else _number("amount", amount),
        whole_number("seed", query.get("seed"), 1, MAX_SEED),
    )


def flag(name: str, query: Mapping[str, str]) -> bool:
    """True for `?name=1`; False for `?name=0` or if it is missing."""
    return whole_number(name, query.get(name), 0, 1) == 1


def strength(value: Any, default: int = 100) -> int:
    """How much of a restoration's change to keep, in %."""
    return whole_number("strength", value, default, 100)


def zip_entries(body: bytes, content_type: str) -> list[tuple[str, int]]:
    """(id, strength) of each result to put into a ZIP archive, from JSON or an HTML form:
    {"results": ["id", "id:70"], "strength": 100}."""
    try:
        if content_type.startswith("application/x-www-form-urlencoded"):
            fields = parse_qs(body.decode(), max_num_fields=MAX_ZIPPED + 10)
            results: Any = fields.get("results", [])
            default: Any = fields.get("strength", [None])[0]
        else:
            fields = json.loads(body)
            results, default = fields["results"], fields.get("strength")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UserError("List the results for the ZIP archive.") from error
    if not isinstance(results, list) or not all(isinstance(one, str) for one in results):
        raise UserError("List the results for the ZIP archive.")
    if not 1 <= len(results) <= MAX_ZIPPED:
        raise UserError(f"A ZIP archive can hold 1 to {MAX_ZIPPED:,} results.")
    default = strength(default)
    parts = [one.partition(":") for one in results]
    return [(result, strength(own or None, default)) for result, _, own in parts]


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise UserError(f"Give {name} as a number.")
    return float(text)
