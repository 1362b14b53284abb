"""The trials of a sweep as Plotly figures: parallel coordinates, and the value over one setting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from aeviz.escaping import in_plotly
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.training import Figure
from aeviz.sweeps.space import Axis

HEIGHT: Final = 360
GREY: Final = "#8a8f8c"
DONE, CHOSEN = CLASS_COLOURS[0], CLASS_COLOURS[1]
BEST: Final = "best quarter"
LOG_SPREAD: Final = 4
"""From this ratio of the largest to the smallest value on, their axis is logarithmic."""
MAX_TICKS: Final = 8
LONGEST: Final = 14
"""Characters of a label beside an axis, where the next axis is near."""
NEAR: Final = 0.12
"""Labels of an axis that are nearer to each other than this share of it would overlap."""


class Dot(NamedTuple):
    """A trial: the id of its run, its text, whether it was trained to the end, and whether it is
    one of the best."""

    run: str
    text: str
    done: bool
    good: bool = False


class Column(NamedTuple):
    """A setting, or the value, of each trial. `places`: from 0 to 1, or None for a gap; `ticks`:
    such places, and their labels."""

    label: str
    places: Sequence[float | None]
    ticks: Sequence[tuple[float, str]]


def column(
    axis: Axis, label: str, values: Sequence[Any], text: Callable[[Any], str] = str
) -> Column:
    """The column of a setting. `text`: a value in words."""
    marks = [(axis.place(value), text(value)) for value in _marks(axis)]
    return Column(label, [axis.place(value) for value in values], _apart(marks))


def value_column(label: str, values: Sequence[float], dots: Sequence[Dot]) -> Column:
    """The column of the values that the sweep minimises; the smallest is at the bottom. A trial
    that was stopped early has none, since its value cannot be compared with the others."""
    final = _final(values, dots)
    low, high, log = min(final), max(final), is_log(final)
    if low == high:
        return Column(label, [0.5 if dot.done else None for dot in dots], [(0.5, f"{low:.4g}")])
    axis = Axis("", (), low, high, log)
    middle = math.sqrt(low * high) if log else (low + high) / 2
    ticks = [(axis.place(value), f"{value:.3g}") for value in (low, middle, high)]
    places = [
        axis.place(value) if dot.done else None for value, dot in zip(values, dots, strict=True)
    ]
    return Column(label, places, ticks)


def _final(values: Sequence[float], dots: Sequence[Dot]) -> list[float]:
    """The values of the trials that were trained to the end; all values if there are none."""
    done = [value for value, dot in zip(values, dots, strict=True) if dot.done]
    return done or list(values)


def is_log(values: Sequence[float]) -> bool:
    """Whether the axis of these values is logarithmic."""
    return min(values) > 0 and max(values) / min(values) >= LOG_SPREAD


def parallel(columns: Sequence[Column], dots: Sequence[Dot], chosen: str, name: str) -> Figure:
    """A line for each trial across vertical axes, one for each column. The line of the run
    `chosen`, which has this name, stands out."""
    groups = (
        ("stopped early", (False, False), {"color": GREY, "width": 1, "dash": "dot"}),
        ("trained to the end", (True, False), {"color": GREY, "width": 1.5}),
        (BEST, (True, True), {"color": DONE, "width": 2.5}),
    )
    data = []
    for kind, group, line in groups:  # the best are drawn above the others
        rows = [
            i for i, dot in enumerate(dots) if (dot.done, dot.good) == group and dot.run != chosen
        ]
        if rows:
            data.append(_lines(columns, dots, rows) | {"name": kind, "line": line})
            data[-1] |= {"opacity": 0.85, "marker": {"size": 5, "color": line["color"]}}
    rows = [i for i, dot in enumerate(dots) if dot.run == chosen]
    if rows:
        data.append(
            _lines(columns, dots, rows)
            | {
                "name": in_plotly(name),
                "line": {"color": CHOSEN, "width": 4},
                "marker": {"color": CHOSEN, "size": 10, "symbol": "star"},
            }
        )
    last = len(columns) - 1
    hidden = {"visible": False, "fixedrange": True}
    return {
        "data": data,
        "layout": {
            **_layout(-0.06),
            "margin": {"l": 58, "r": 50, "t": 52, "b": 8},
            "xaxis": {**hidden, "range": [-0.02, last + 0.02]},
            "yaxis": {**hidden, "range": [-0.05, 1.05]},
            "shapes": [
                {"type": "line", "x0": i, "x1": i, "y0": 0, "y1": 1, "line": {"width": 1}}
                for i in range(len(columns))
            ],
            "annotations": [note for i, found in enumerate(columns) for note in _labels(found, i)],
        },
    }


def scatter(
    found: Column,
    values: Sequence[float],
    dots: Sequence[Dot],
    chosen: str,
    name: str,
    title: str,
) -> Figure:
    """The value of each trial over one setting, a star for the run `chosen`, which has this name.

    The axis has room for the values at the end of a training. A trial that was stopped early is a
    hollow triangle: its last value, or the top of the axis if that is higher.
    """
    final = _final(values, dots)
    log = is_log(final)
    low, high = _room(min(final), max(final), log)
    heights = [min(max(value, low), high) for value in values]
    kinds = (
        ("stopped early", (False, False), {"color": GREY, "symbol": "triangle-up-open"}),
        ("trained to the end", (True, False), {"color": GREY}),
        (BEST, (True, True), {"color": DONE}),
    )
    data = []
    for kind, group, look in kinds:
        marker = {"size": 10, "opacity": 0.85, **look}
        rows = [
            i for i, dot in enumerate(dots) if (dot.done, dot.good) == group and dot.run != chosen
        ]
        if rows:
            data.append(_dots(found, heights, dots, rows) | {"name": kind, "marker": marker})
    rows = [i for i, dot in enumerate(dots) if dot.run == chosen]
    if rows:
        star = {"color": CHOSEN, "size": 15, "symbol": "star"}
        trace = _dots(found, heights, dots, rows)
        data.append(trace | {"name": in_plotly(name), "marker": star})
    return {
        "data": data,
        "layout": {
            **_layout(-0.22),
            "margin": {"l": 8, "r": 12, "t": 20, "b": 8},
            "xaxis": {
                "title": {"text": in_plotly(found.label)},
                "range": [-0.06, 1.06],
                "tickvals": [place for place, _ in found.ticks],
                "ticktext": [in_plotly(text) for _, text in found.ticks],
                "showgrid": False,
                "fixedrange": True,
            },
            "yaxis": {
                "title": {"text": in_plotly(title)},
                **(_log_axis(low, high) if log else {"range": [low, high]}),
                "fixedrange": True,
            },
        },
    }


def _layout(legend: float) -> dict[str, Any]:
    """What both figures have in common. `legend`: the top of the legend, as a share of the height
    of the plot; negative below it."""
    return {
        "height": HEIGHT,
        "dragmode": False,
        "hovermode": "closest",
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": legend,
            "yanchor": "top",
            "traceorder": "reversed",
        },
    }


def _room(low: float, high: float, log: bool) -> tuple[float, float]:
    """Both ends of an axis, a little beyond these values."""
    if log:
        factor = (high / low) ** 0.08
        return low / factor, high * factor
    room = 0.08 * (high - low) or 0.08 * abs(high) or 1.0
    return low - room, high + room


def _log_axis(low: float, high: float) -> dict[str, Any]:
    """A logarithmic axis with labels at 1, 2, 5, 10, ..."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{m}e{power}") for power in powers for m in (1, 2, 5)]
    shown = [tick for tick in ticks if low <= tick <= high]
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": shown,
        "ticktext": [f"{tick:g}" for tick in shown],
    }


def _marks(axis: Axis) -> list[Any]:
    """The values that get a label, those that matter most first."""
    if axis.values:
        order = axis.in_order()
        step = math.ceil(len(order) / MAX_TICKS)
        return [order[0], order[-1], *order[step:-1:step]]
    if axis.log:
        powers = range(math.ceil(math.log10(axis.low)), math.floor(math.log10(axis.high)) + 1)
        return [axis.low, axis.high, *(10**power for power in powers)]
    middle = (axis.low + axis.high) / 2
    return [axis.low, axis.high, int(middle) if axis.whole else middle]


def _apart(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """The labels without those that would overlap an earlier one, from 0 to 1."""
    kept: list[tuple[float, str]] = []
    for place, text in marks:
        if all(abs(place - other) >= NEAR for other, _ in kept):
            kept.append((place, text))
    return sorted(kept)


def _lines(columns: Sequence[Column], dots: Sequence[Dot], rows: Sequence[int]) -> dict[str, Any]:
    """These trials as one trace: a gap ends each line."""
    x: list[int | None] = []
    y: list[float | None] = []
    text: list[str] = []
    runs: list[str] = []
    for i in rows:
        x += [*range(len(columns)), None]
        y += [*(found.places[i] for found in columns), None]
        text += [in_plotly(dots[i].text).replace("\n", "<br>")] * (len(columns) + 1)
        runs += [dots[i].run] * (len(columns) + 1)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": y,
        "text": text,
        "customdata": runs,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _dots(
    found: Column, values: Sequence[float], dots: Sequence[Dot], rows: Sequence[int]
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "x": [found.places[i] for i in rows],
        "y": [values[i] for i in rows],
        "text": [in_plotly(dots[i].text).replace("\n", "<br>") for i in rows],
        "customdata": [dots[i].run for i in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _labels(found: Column, at: int) -> list[dict[str, Any]]:
    """The title of an axis above it, and its labels beside it: for the first axis at the left, for
    the others at the right. Lines between two axes cross labels only in the middle."""
    left = {"xanchor": "right", "xshift": -6}
    right = {"xanchor": "left", "xshift": 6}
    title = {
        "x": at,
        "y": 1,
        "yanchor": "bottom",
        "yshift": 12,
        "text": "<br>".join(in_plotly(found.label).split()),
        "showarrow": False,
    }
    beside = [
        {
            "x": at,
            "y": place,
            "text": in_plotly(_short(text)),
            "showarrow": False,
            "font": {"size": 11},
        }
        | (right if at else left)
        for place, text in found.ticks
    ]
    return [title, *beside]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip(' ,')}…"
