"""Dataclasses from and to plain data (what JSON can hold), with their types checked."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Literal, TypeVar

from aeviz.errors import UserError

T = TypeVar("T")


def flatten(group: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in group.items():
        flat |= (
            flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
    return flat


def build(cls: type[T], data: Any, prefix: str = "") -> T:
    """The dataclass `cls` from nested dictionaries.

    An unknown key, a wrong type and a value that the dataclass refuses are a UserError.
    """
    if not isinstance(data, dict):
        raise UserError("The value must be a JSON object.", key=prefix.rstrip("."))
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(map(str, data)) - set(hints))
    if unknown:
        raise UserError(f"There is no setting called {prefix + unknown[0][:60]!r}.")
    values: dict[str, Any] = {}
    for key, value in data.items():
        hint = hints[key]
        if dataclasses.is_dataclass(hint):
            values[key] = build(typing.cast(type, hint), value, f"{prefix}{key}.")
        else:
            values[key] = _checked(hint, value, prefix + key)
    return cls(**values)


def _checked(hint: Any, value: Any, key: str) -> Any:
    """`value` as the type `hint`. Only equal numbers are converted, such as 3.0 to 3."""
    origin = typing.get_origin(hint)
    if origin is Literal:
        choices = typing.get_args(hint)
        if value not in choices:
            listed = ", ".join(choices)
            raise UserError(f"The value must be one of {listed}; it is {value!r:.40}.", key)
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise UserError("The value must be a list of whole numbers.", key)
        return tuple(_checked(int, item, key) for item in value)
    if hint in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, int) and abs(value) > 2**53:  # no float holds it exactly
            raise UserError("The value is too large.", key)
        if hint is float:
            return float(value)
        if isinstance(value, int) or value.is_integer():
            return int(value)
    if hint is str and isinstance(value, str):
        return value
    kind = {int: "a whole number", float: "a number", str: "a text"}[hint]
    raise UserError(f"The value must be {kind}; it is {value!r:.40}.", key)
