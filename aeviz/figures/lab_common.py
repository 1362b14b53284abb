"""What curves and strips of the Lab have in common: the rows and arms that they show, the colours
of arms, and the axes."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from aeviz.experiments.base import Chart, Result, Row
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.wording import numbers_in, without_numbers

HEIGHT: Final = 360
SIDE_TITLE: Final = 36
"""Characters of a title beside a chart in a line: as long as the chart is high."""
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "star", "hexagon", "cross")
GHOST: Final = "#8a8f8c"
_DIGITS: Final[tuple[Sequence[float], ...]] = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 2, 3, 5, 7),
    range(1, 10),
    [half / 2 for half in range(2, 20)],
    [fifth / 5 for fifth in range(5, 50)],
    [tenth / 10 for tenth in range(10, 100)],
)
"""First digits of the labels of a logarithmic axis, from few to many."""
_PLURAL: Final = re.compile(r"(?<=[a-z])s\b")


def rows_of(spec: Chart, result: Result, arm: str | None = None) -> list[Row]:
    """Rows with both coordinates that the chart shows; on a logarithmic axis only positive ones."""
    return [
        row
        for row in result.rows
        if spec.y in row
        and spec.x in row
        and (arm is None or row["arm"] == arm)
        and all(row.get(name) == value for name, value in spec.where.items())
        and math.isfinite(float(row[spec.y]))
        and not (spec.log_y and float(row[spec.y]) <= 0)
        and not (spec.log_x and float(row[spec.x]) <= 0)
    ]


def arms_of(spec: Chart, results: Sequence[Result]) -> dict[str, int]:
    """The arms that have this measure, each with the number of its colour and symbol (`look`). All
    charts of a result give an arm the same one, if that is not taken. Arms are in the order of the
    tasks; those that differ in one number are sorted by it."""
    found = dict.fromkeys(str(row["arm"]) for result in results for row in rows_of(spec, result))
    rows = [row for result in results for row in result.rows]
    colours = len(CLASS_COLOURS)
    every = _arms(rows)
    if len(every) > colours:  # too many: all charts over the same axis agree
        every = _arms([row for row in rows if spec.x in row])
    numbers: dict[str, int] = {}
    for arm in found:
        first = len(numbers) // colours * colours  # all colours are taken: again from the first
        free = [i for i in range(first, first + colours) if i not in numbers.values()]
        own = first + every.index(arm) % colours
        numbers[arm] = own if own in free else free[0]
    return {arm: numbers[arm] for arm in _by_number([*found])}


def _arms(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["arm"]) for row in rows))


def look(number: int) -> tuple[str, str]:
    """Colour and symbol of an arm. Two arms with the same colour have different symbols."""
    return CLASS_COLOURS[number % len(CLASS_COLOURS)], SYMBOLS[number % len(SYMBOLS)]


def _by_number(arms: Sequence[str]) -> list[str]:
    """Sorts arms such as "beta 0.1" and "beta 20" among themselves; others keep their place."""

    def kind(arm: str) -> str:
        return _PLURAL.sub("", without_numbers(arm))

    groups: dict[str, list[str]] = {}
    for arm in arms:
        groups.setdefault(kind(arm), []).append(arm)
    ordered = {name: iter(sorted(group, key=numbers_in)) for name, group in groups.items()}
    return [next(ordered[kind(arm)]) for arm in arms]


def layout_of(spec: Chart, title_width: int = SIDE_TITLE) -> dict[str, Any]:
    """`title_width`: characters of a line of the measure's title."""
    good = {"lower": "lower is better", "higher": "higher is better", "": ""}[spec.better]
    label = _wrapped(spec.label, title_width)
    if good:
        label += f"<br><sup>{good}</sup>"
    return {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 12, "t": 28, "b": 8},
        "uirevision": spec.y,
        "hovermode": "closest",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},
        "xaxis": {
            "title": {"text": spec.x_label},
            "type": "log" if spec.log_x else "-",
            "showgrid": False,
        },
        "yaxis": {
            "title": {"text": label},
            "type": "log" if spec.log_y else "-",
        },
    }


def log_ticks(values: Sequence[float]) -> dict[str, Any]:
    """Labels of a logarithmic axis at round numbers, at least four if the range allows. Plotly's
    own ones between two powers of ten have only their first digit."""
    positive = [value for value in values if value > 0]
    if not positive:
        return {}
    low, high = 0.85 * min(positive), 1.15 * max(positive)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for digits in _DIGITS:
        ticks = [digit * 10.0**power for power in powers for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= 4:
            break
    return {"tickvals": ticks, "ticktext": [_without_exponent(tick) for tick in ticks]}


def _without_exponent(number: float) -> str:
    return format(Decimal(f"{number:g}"), "f")


def _wrapped(label: str, width: int) -> str:
    """A title in as few lines of at most about this many characters as it takes, all about as
    long."""
    lines = math.ceil(len(label) / width)
    return "<br>".join(textwrap.wrap(label, len(label) // lines + 4, break_long_words=False))
