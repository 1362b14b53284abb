"""The settings that a sweep varies: each has a list of values, or a range."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aeviz import datasets, limits
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import json_file
from aeviz.nn.model import check_size
from aeviz.training.state import check_batches

FIXED: Final = ("name", "type", "dataset", "training.device")
"""Settings that are the same in all trials of a sweep."""

Settings = dict[str, Any]
"""The values of a trial by dotted key, as JSON has them: lists, not tuples."""


@dataclass(frozen=True)
class Axis:
    """A setting that varies: one of `values`, or, if there are none, a number from `low` to `high`.
    `log`: the range is logarithmic. `whole`: the numbers are whole."""

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values, or both ends of the range."""
        return self.values or (self.low, self.high)

    @property
    def count(self) -> float:
        """The number of different values."""
        if self.values:
            return len(self.values)
        return self.high - self.low + 1 if self.whole else math.inf

    def has(self, value: Any) -> bool:
        """Whether the value is one of the list, or a number in the range."""
        if self.values:
            return value in self.values
        return json_file.is_number(value) and self.low <= value <= self.high

    def place(self, value: Any) -> float:
        """Where the value lies on the axis, from 0 to 1. Values of a list are equally spaced."""
        if self.values:
            order = self.in_order()
            number = order.index(value) if value in order else 0
            return number / (len(order) - 1) if len(order) > 1 else 0.5
        low, high, at = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return (at - low) / (high - low)

    def in_order(self) -> list[Any]:
        """The values of the list; numbers from small to large."""
        if all(isinstance(value, int | float) for value in self.values):
            return sorted(self.values)
        return list(self.values)


# ---- from the command line -----------------------------------------------------------------------


def listed(text: str, config: RunConfig) -> Axis:
    """The axis of `--grid KEY=VALUE,VALUE,...`. A value is JSON or a bare word."""
    key, values = _split(text, "--grid takes KEY=VALUE,VALUE,...; for example training.lr=0.01,0.1")
    normal = [_normal(config, key, value) for value in _values(values)]
    return Axis(key, tuple(_distinct(normal)))


def ranged(text: str, config: RunConfig) -> Axis:
    """The axis of `--range KEY=LOW,HIGH` or `KEY=LOW,HIGH,log`."""
    form = "--range takes KEY=LOW,HIGH or KEY=LOW,HIGH,log; for example training.lr=1e-4,1e-2,log"
    key, values = _split(text, form)
    parts = values.split(",")
    log = parts[2:] == ["log"]
    try:
        low, high = map(float, parts[:2] if log else parts)
    except ValueError:
        raise UserError(f"{form}; it is {text!r:.60}.") from None
    if not isinstance(_value(config, key), int | float):
        raise UserError(f"{key} is not a number: list its values with --grid.")
    if not -math.inf < low < high < math.inf or (log and low <= 0):
        above = " and above 0" if log else ""
        raise UserError(f"--range {key} needs a low end below its high end{above}.")
    low, high = (_normal(config, key, end) for end in (low, high))
    return Axis(key, (), low, high, log, whole=isinstance(_value(config, key), int))


def _split(text: str, form: str) -> tuple[str, str]:
    key, sign, values = text.partition("=")
    if not sign or not values:
        raise UserError(f"{form}; it is {text!r:.60}.")
    if key in FIXED:
        raise UserError(f"{key} is the same in all runs of a sweep: set it with an option.")
    return key, values


def _values(text: str) -> list[Any]:
    """ "1,2" -> [1, 2]; "[400],[512,256]" -> two lists; "adam,sgd" -> two words."""
    try:
        return list(json.loads(f"[{text}]"))
    except (ValueError, RecursionError):
        return [_word(part) for part in text.split(",")]


def _word(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _value(config: RunConfig, key: str) -> Any:
    """The value of the setting; UserError if there is no such setting."""
    flat = config.flat()
    config.replace(**{key: flat.get(key)})
    return flat[key]


def _normal(config: RunConfig, key: str, value: Any) -> Any:
    """The value as RunConfig keeps it, and as JSON has it. One that does not fit to `config` is
    unchanged: it may fit to the values of another axis, which `check` finds out."""
    _value(config, key)
    with contextlib.suppress(UserError):
        value = config.replace(**{key: value}).flat()[key]
    return list(value) if isinstance(value, tuple) else value


def _distinct(values: Sequence[Any]) -> list[Any]:
    return list({json.dumps(value): value for value in values}.values())


# ---- all combinations ----------------------------------------------------------------------------


def grid(axes: Sequence[Axis]) -> Iterator[Settings]:
    """Each combination of the listed values; the last axis varies fastest."""
    keys = [axis.key for axis in axes]
    for values in itertools.product(*(axis.ends for axis in axes)):
        yield dict(zip(keys, values, strict=True))


def check(config: RunConfig, axes: Sequence[Axis]) -> None:
    """UserError unless there is something to vary and each combination of the values, and of the
    ends of the ranges, can be trained."""
    if not axes:
        raise UserError("A sweep needs a setting to vary: add --grid KEY=VALUE,VALUE,...")
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise UserError(f"{key} is given twice: list all of its values once.")
    most = limits.SWEEP_COMBINATIONS
    if math.prod(len(axis.ends) for axis in axes) > most:
        raise UserError(f"There are more than {most:,} combinations: list fewer values.")
    source = datasets.find(config.dataset)
    for settings in grid(axes):
        try:
            tried = config.replace(**settings)
            check_batches(tried, source.counts[0])
            check_size(tried, source.image_shape)
        except UserError as error:
            raise UserError(f"{error} This is with {in_words(settings)}.") from error


def in_words(settings: Mapping[str, Any]) -> str:
    """ "training.lr=0.01 network.hidden=[512,256]", as the command line takes it."""
    return " ".join(f"{key}={_as_text(value)}" for key, value in settings.items())


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
