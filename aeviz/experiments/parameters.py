"""Parameters of an experiment: frozen dataclasses whose fields carry their range and their help.

A class of parameters declares each field with `number`, `numbers` or `choice`:

    @dataclass(frozen=True)
    class Parameters:
        dataset: str = dataset()
        sizes: tuple[int, ...] = numbers((1, 2, 4), "Code sizes", "...", 1, 256)
        seeds: int = number(3, "Seeds", "...", 1, 10)

`build` checks plain data against it (from JSON, a link or `--set`); `plain` is its inverse.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from aeviz import datasets
from aeviz.errors import UserError

P = TypeVar("P")
MAX_LIST = 16
"""Entries of a list, unless its field says otherwise."""


@dataclasses.dataclass(frozen=True)
class Field:
    """How a page and an error sentence describe a parameter.

    `low` and `high` bound a number, or each entry of a list of at most `longest`; `choices` are the
    words that are allowed, or all entries of a list of words.
    """

    label: str
    help: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    longest: int = MAX_LIST


def number(default: float, label: str, help: str, low: float, high: float) -> Any:
    """A whole number if `default` is one, else any number, from `low` to `high`."""
    return _field(default, Field(label, help, low, high))


def numbers(
    default: tuple[float, ...], label: str, help: str, low: float, high: float, longest: int = 16
) -> Any:
    """A list of numbers, each from `low` to `high`, none twice."""
    return _field(default, Field(label, help, low, high, longest=longest))


def choice(default: str, label: str, help: str, choices: tuple[str, ...]) -> Any:
    """One of a few words."""
    return _field(default, Field(label, help, choices=choices))


def choices(default: tuple[str, ...], label: str, help: str, among: tuple[str, ...]) -> Any:
    """Some of a few words, none twice."""
    return _field(default, Field(label, help, choices=among))


def dataset(default: str = datasets.DEFAULT) -> Any:
    """The name of a data set; `build` checks that it exists."""
    return _field(default, Field("Data set", "The images that the experiment uses."))


def split() -> Any:
    """Whether each seed splits all images again, or the data set's own test images are used."""
    text = (
        "pooled: all images, split again for each seed. official: the data set's own test images."
    )
    return choice("pooled", "Split", text, ("pooled", "official"))


def pooled_images(default: int = 5000) -> Any:
    """How many images each seed draws if they are pooled."""
    text = "How many at most are drawn for each seed if they are pooled."
    return number(default, "Images", text, 60, 70_000)


def seeds(default: int = 3) -> Any:
    """The number of repeats, each with other random numbers."""
    text = "How many times each training is repeated with other random numbers. Each is a dot."
    return number(default, "Seeds", text, 1, 20)


def _field(default: Any, about: Field) -> Any:
    return dataclasses.field(default=default, metadata={"about": about})


def about(cls: type) -> dict[str, Field]:
    """The fields of a class of parameters, in their order."""
    return {field.name: field.metadata["about"] for field in dataclasses.fields(cls)}


def build(cls: type[P], data: Mapping[str, Any]) -> P:
    """Checks plain data and builds the parameters. Texts become numbers and lists if the parameter
    is one: "1,2,4" or "[1, 2, 4]". UserError for an unknown name and for an invalid value."""
    known = about(cls)
    for name in data:
        if name not in known:
            there = ", ".join(known)
            raise UserError(
                f"There is no parameter called {str(name)[:40]!r}: choose one of {there}."
            )
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values = {
        name: _value(name, value, defaults[name], known[name]) for name, value in data.items()
    }
    return cls(**values)


def plain(parameters: Any) -> dict[str, Any]:
    """The parameters as plain data for JSON."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(parameters).items()
    }


def as_text(value: Any) -> str:
    """A parameter's value as a link or a text field has it."""
    return ",".join(map(_shown, value)) if isinstance(value, list | tuple) else _shown(value)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(name: str, value: Any, default: Any, field: Field) -> Any:
    if isinstance(default, tuple):
        return _list(name, value, default, field)
    if isinstance(default, str):
        if not isinstance(value, str):
            raise UserError(f"{field.label} ({name}) must be a name.")
        if field.choices:
            return _word(name, value, field)
        datasets.find(value)
        return value
    return _number(name, value, isinstance(default, int), field)


def _list(name: str, value: Any, default: tuple[Any, ...], field: Field) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = value.strip().removeprefix("[").removesuffix("]").split(",")
        value = [part.strip().strip("\"'") for part in value]
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= field.longest:
        raise UserError(f"{field.label} ({name}) must be a list of 1 to {field.longest} values.")
    words = isinstance(default[0], str)
    whole = all(isinstance(one, int) for one in default)
    found = tuple(
        _word(name, one, field) if words else _number(name, one, whole, field) for one in value
    )
    if len(set(found)) < len(found):
        raise UserError(f"{field.label} ({name}) must not name a value twice.")
    return found if words else tuple(sorted(found))


def _word(name: str, value: Any, field: Field) -> str:
    if value not in field.choices:
        there = ", ".join(field.choices)
        raise UserError(
            f"{field.label} ({name}) cannot be {str(value)[:40]!r}: choose one of {there}."
        )
    return str(value)


def _number(name: str, value: Any, whole: bool, field: Field) -> int | float:
    kind = "a whole number" if whole else "a number"
    if isinstance(value, str):
        try:
            value = json.loads(value[:40])
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{field.label} ({name}) must be {kind}.")
    if whole and value != int(value if math.isfinite(value) else 0):
        raise UserError(f"{field.label} ({name}) must be a whole number; it is {value:.10g}.")
    if not field.low <= value <= field.high:
        raise UserError(
            f"{field.label} ({name}) must lie between {field.low:.10g} and {field.high:.10g}; "
            f"it is {value:.10g}."
        )
    return int(value) if whole else float(value)
