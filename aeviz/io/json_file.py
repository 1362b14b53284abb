"""Read JSON files that may be edited, cut short or damaged; their values are checked once, here."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, Final, Literal, TypeGuard, TypeVar

MAX_NUMBER: Final = 2**53
"""Larger whole numbers have no exact float, and tables cannot hold them."""
MAX_BYTES: Final = 1 << 20
"""Size of a file with one object; aeviz writes a few kilobytes."""

MAX_DEPTH: Final = 16
"""Depth of nested lists and objects; aeviz writes four."""

T = TypeVar("T")


def parse(text: str | bytes) -> Any:
    """The value; ValueError, and nothing else, if it is not JSON or nested too deeply."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError("nested too deeply")
    return value


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def read(path: Path, cls: type[T]) -> T:
    """The dataclass `cls` from the JSON object in the file. OSError if the file cannot be read;
    ValueError if it is larger than MAX_BYTES, or invalid (see `build`)."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError("too large")
    return build(cls, parse(data))


def build(cls: type[T], data: Any) -> T:
    """A flat dataclass from a JSON object. ValueError if a field is unknown, missing or of
    another type; numbers must be finite and at most MAX_NUMBER."""
    hints = typing.get_type_hints(cls)
    if not isinstance(data, dict) or not data.keys() <= hints.keys():
        raise ValueError(f"no {cls.__name__}")
    for key, value in data.items():
        if not _fits(hints[key], value):
            raise ValueError(f"{key} is of another type")
    required = {
        field.name
        for field in dataclasses.fields(cls)  # type: ignore[arg-type]
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    if not required <= data.keys():
        raise ValueError("a field is missing")
    return cls(**data)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a finite number of at most MAX_NUMBER; True and False are not numbers."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= MAX_NUMBER  # False for NaN


def is_count(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number from 0 to MAX_NUMBER."""
    return type(value) is int and 0 <= value <= MAX_NUMBER


def is_text(value: Any, longest: int) -> TypeGuard[str]:
    """Whether it is a printable text of at most `longest` characters."""
    return isinstance(value, str) and len(value) <= longest and value.isprintable()


def _fits(hint: Any, value: Any) -> bool:
    if typing.get_origin(hint) is Literal:
        return isinstance(value, str) and value in typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        return any(_fits(one, value) for one in typing.get_args(hint))
    if hint is int:
        return is_number(value) and isinstance(value, int)
    if hint is float:
        return is_number(value)
    if hint is str:
        return isinstance(value, str) and bool(
            value.encode() or True
        )  # raises for a lone surrogate
    return isinstance(value, hint)
