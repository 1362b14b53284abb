"""What a request asks for, out of its address and body; UserError where that makes no sense."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from aeviz.errors import UserError
from aeviz.server.http import whole

MAX_ZIPPED: Final = 1000
MAX_SEED: Final = 2**31 - 1
_NUMBER: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")


@dataclass(frozen=True)
class AskedDamage:
    """What is to be done to a clean upload; amount None for the usual one."""

    name: str
    amount: float | None
    seed: int


def damage(query: Mapping[str, str]) -> AskedDamage | None:
    """`?damage=noise&amount=25&seed=1`; None where no damage is named."""
    if not query.get("damage"):
        return None
    amount = query.get("amount")
    return AskedDamage(
        query["damage"],
        None if not amount else _number("amount", amount),
        whole("seed", query.get("seed"), 1, MAX_SEED),
    )


def flag(name: str, query: Mapping[str, str]) -> bool:
    """`?name=1` is yes; `?name=0` and none at all are no."""
    return whole(name, query.get(name), 0, 1) == 1


def strength(value: Any, usual: int = 100) -> int:
    """How much of a result's change is kept, in %."""
    return whole("strength", value, usual, 100)


def zipped(body: bytes, content_type: str) -> list[tuple[str, int]]:
    """(id, strength) of each result that is to go into a zip, as JSON or as an HTML form:
    {"results": ["id", "id:70"], "strength": 100}."""
    try:
        if content_type.startswith("application/x-www-form-urlencoded"):
            fields = parse_qs(body.decode(), max_num_fields=MAX_ZIPPED + 10)
            results: Any = fields.get("results", [])
            usual: Any = fields.get("strength", [None])[0]
        else:
            asked = json.loads(body)
            results, usual = asked["results"], asked.get("strength")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UserError("Say which results are to go into the zip.") from error
    if not isinstance(results, list) or not all(isinstance(one, str) for one in results):
        raise UserError("Say which results are to go into the zip.")
    if not 1 <= len(results) <= MAX_ZIPPED:
        raise UserError(f"A zip holds 1 to {MAX_ZIPPED:,} results.")
    usual = strength(usual)
    parts = [one.partition(":") for one in results]
    return [(result, strength(own or None, usual)) for result, _, own in parts]


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise UserError(f"Give {name} as a number.")
    return float(text)
