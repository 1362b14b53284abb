"""JSON that somebody may have written, cut short or damaged: it is data, and checked once."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, Final, Literal, TypeGuard, TypeVar

MAX_NUMBER: Final = 2**53
"""Beyond it a whole number has no exact float, and a table cannot hold it."""
MAX_BYTES: Final = 1 << 20
"""Of a file that holds one object; aeviz writes a few kilobytes."""

MAX_DEPTH: Final = 16
"""Of lists and objects in each other; aeviz writes four."""

T = TypeVar("T")


def parse(text: str | bytes) -> Any:
    """The value; ValueError, and nothing else, for what is no JSON or is nested too deeply."""
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
    """The dataclass `cls` that the file holds as a JSON object. OSError where it cannot be read;
    ValueError where it is larger than MAX_BYTES, or no such object (see `build`)."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError("too large")
    return build(cls, parse(data))


def build(cls: type[T], data: Any) -> T:
    """A flat dataclass from a JSON object. ValueError where a field is unknown, missing or of
    another type; its numbers are finite and not beyond MAX_NUMBER."""
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
    """Whether it is a finite number not beyond MAX_NUMBER; True and False are none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= MAX_NUMBER  # NaN is not


def is_count(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number from 0 to MAX_NUMBER."""
    return type(value) is int and 0 <= value <= MAX_NUMBER


def is_text(value: Any, longest: int) -> TypeGuard[str]:
    """Whether it is a text of so many characters at most that can all be shown."""
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
        return isinstance(value, str) and bool(value.encode() or True)  # half a surrogate has none
    return isinstance(value, hint)
