"""Results of the Lab as Plotly figures: a dot per seed, a line or a mark through the means, the
student's prediction as a dashed line, and the reference result in hollow marks with bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from aeviz.escaping import in_plotly
from aeviz.experiments.base import Chart, Result, Row
from aeviz.experiments.statistics import Interval, interval
from aeviz.figures.lab_common import GHOST, arms_of, layout_of, log_ticks, look, rows_of
from aeviz.figures.lab_strips import strips
from aeviz.figures.training import Figure

MANY_ARMS: Final = 6
MANY_STRENGTH: Final = 0.5
"""Of the reference result's lines, if there are more arms than this: it would hide the others."""
LEAST_APART: Final = 0.08
"""The distance of two labels of a logarithmic axis, as a share of its length."""


def chart(
    spec: Chart,
    result: Result | None,
    reference: Result | None = None,
    ghost: tuple[Sequence[float | str], Sequence[float]] | None = None,
) -> Figure:
    """The figure of one measure. `ghost`: the places and heights of the student's prediction."""
    arms = arms_of(spec, [found for found in (result, reference) if found is not None])
    if spec.kind == "bars" and spec.x == "arm":
        return strips(spec, arms, result, reference, ghost)
    data: list[dict[str, Any]] = []
    for arm, number in arms.items():
        if result is not None:
            data += _measured(spec, arm, number, rows_of(spec, result, arm))
        if reference is not None:
            known = rows_of(spec, reference, arm)
            alone = result is None or not rows_of(spec, result, arm)
            strength = MANY_STRENGTH if len(arms) > MANY_ARMS else 1
            data += _reference(spec, arm, number, known, in_legend=alone, strength=strength)
    if ghost is not None:
        data.append(_ghost(spec, *ghost))
    layout = layout_of(spec)
    if spec.kind == "curve":
        layout["xaxis"] |= _ticks(spec, data)
        _mark(spec, layout, result, data)
    else:
        layout |= {"scattermode": "group", "scattergap": 0.4}
        layout["xaxis"] |= {"type": "category"}
    layout["yaxis"] |= _heights(spec, data)
    if reference is not None and rows_of(spec, reference):
        data.append(_HOLLOW)
    legend_rows = math.ceil(sum(trace.get("showlegend", True) for trace in data) / 6)
    layout["height"] += 22 * max(0, legend_rows - 1) + 16 * max(0, len(arms) - 4)
    return {"data": data, "layout": layout}


def _means(spec: Chart, rows: Sequence[Row]) -> list[tuple[Any, Interval]]:
    """Each place on the x axis with the interval of its repeats."""
    places: dict[Any, list[float]] = {}
    for row in rows:
        places.setdefault(row[spec.x], []).append(float(row[spec.y]))
    order = sorted(places) if spec.kind == "curve" else list(places)
    return [(place, interval(places[place])) for place in order]


def _measured(spec: Chart, arm: str, number: int, rows: Sequence[Row]) -> list[dict[str, Any]]:
    if not rows:
        return []
    means = _means(spec, rows)
    colour, symbol = look(number)
    name = in_plotly(arm)
    line = {
        "type": "scatter",
        "mode": "lines+markers" if spec.kind == "curve" else "markers",
        "name": name,
        "legendgroup": name,
        "offsetgroup": name,
        "x": [place for place, _ in means],
        "y": [mean.mean for _, mean in means],
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "size": 9, "symbol": symbol},
        "hovertemplate": f"{name}, %{{x}}: %{{y:.4g}}<extra></extra>",
    }
    if len(rows) == len(means):
        return [line]
    dots = line | {
        "mode": "markers",
        "showlegend": False,
        "x": [row[spec.x] for row in rows],
        "y": [float(row[spec.y]) for row in rows],
        "marker": {"color": colour, "size": 5, "opacity": 0.55, "symbol": "circle"},
        "hovertemplate": f"{name}, one run, %{{x}}: %{{y:.4g}}<extra></extra>",
    }
    return [line, dots]


_HOLLOW: Final = {
    "type": "scatter",
    "mode": "lines+markers",
    "name": "hollow: the reference result, bars: its runs",
    "x": [None],
    "y": [None],
    "line": {"color": GHOST, "width": 1, "dash": "dot"},
    "marker": {"color": GHOST, "size": 9, "symbol": "circle-open"},
}
"""A line of the legend for the hollow marks of all arms."""


def _reference(
    spec: Chart, arm: str, number: int, rows: Sequence[Row], in_legend: bool, strength: float
) -> list[dict[str, Any]]:
    """`in_legend`: the arm has no other marks. `strength`: the opacity, from 0 to 1."""
    if not rows:
        return []
    means = _means(spec, rows)
    colour, symbol = look(number)
    name = in_plotly(arm)
    return [
        {
            "type": "scatter",
            "mode": "lines+markers" if spec.kind == "curve" else "markers",
            "name": f"{name}, reference",
            "legendgroup": name,
            "showlegend": in_legend,
            "opacity": strength,
            "offsetgroup": name,
            "x": [place for place, _ in means],
            "y": [mean.mean for _, mean in means],
            "error_y": _spread(spec, rows, means),
            "line": {"color": colour, "width": 1, "dash": "dot"},
            "marker": {"color": colour, "size": 9, "symbol": f"{symbol}-open"},
            "hovertemplate": f"{name}, reference, %{{x}}: %{{y:.4g}}<extra></extra>",
        }
    ]


def _spread(
    spec: Chart, rows: Sequence[Row], means: Sequence[tuple[Any, Interval]]
) -> dict[str, Any]:
    """A thin bar at each mean, from the lowest to the highest run."""
    ends = []
    for place, mean in means:
        values = [float(row[spec.y]) for row in rows if row[spec.x] == place]
        ends.append((mean.mean - min(values), max(values) - mean.mean))
    return {
        "type": "data",
        "symmetric": False,
        "arrayminus": [below for below, _ in ends],
        "array": [above for _, above in ends],
        "visible": len(rows) > len(means),
        "thickness": 1,
        "width": 0,
    }


def _ghost(spec: Chart, places: Sequence[float | str], heights: Sequence[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if spec.kind == "curve" else "markers",
        "name": "your prediction",
        "x": list(places),
        "y": list(heights),
        "line": {"color": GHOST, "width": 3, "dash": "dash"},
        "marker": {"color": GHOST, "size": 11, "symbol": "circle-open-dot"},
        "hovertemplate": "your prediction, %{x}: %{y:.3g}<extra></extra>",
    }


def _ticks(spec: Chart, data: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A logarithmic axis has its labels at the points, the last one always, if these are few, else
    at round numbers."""
    if not spec.log_x:
        return {}
    places = sorted({float(x) for trace in data for x in trace["x"]})
    if len(places) > 14:
        return log_ticks(places)
    apart = (places[-1] / places[0]) ** LEAST_APART if places else 1
    shown = places[-1:]
    for place in places[-2::-1]:
        if place * apart <= shown[0]:
            shown.insert(0, place)
    return {"tickvals": shown, "ticktext": [f"{place:g}" for place in shown], "tickangle": 0}


def _heights(spec: Chart, data: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the vertical axis shows. It starts at zero if less is better and zero is not far below
    the points: much room below them would hide their differences."""
    values = [float(y) for trace in data for y in trace["y"]]
    if spec.log_y:
        return log_ticks(values)
    if not values:
        return {}
    bars = [trace["error_y"] | {"y": trace["y"]} for trace in data if "error_y" in trace]
    low = min(
        values + [y - e for bar in bars for y, e in zip(bar["y"], bar["arrayminus"], strict=True)]
    )
    high = max(
        values + [y + e for bar in bars for y, e in zip(bar["y"], bar["array"], strict=True)]
    )
    from_zero = spec.better == "lower" and 0 <= low < high / 2
    if spec.kind == "curve":
        return {"rangemode": "tozero" if from_zero else "normal"}
    room = 0.08 * (high - low or abs(high) or 1.0)  # Plotly itself starts groups of marks at zero
    return {"range": [0 if from_zero else low - room, high + room]}


def _mark(
    spec: Chart, layout: dict[str, Any], result: Result | None, data: Sequence[dict[str, Any]]
) -> None:
    """Vertical lines at marked places of the x axis, each with its label above the chart: right of
    the last line, unless there is no room, then left and right in turn."""
    marks = spec.marks(result) if result is not None and data else ()
    lanes = ("left", "right")
    ends = [float(x) for trace in data for x in trace["x"]]
    edge = min(ends) + 0.9 * (max(ends) - min(ends)) if ends and not spec.log_x else math.inf
    layout["shapes"] = [
        {
            "type": "line",
            "x0": place,
            "x1": place,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"width": 1, "dash": "dot"},
        }
        for place, _ in marks
    ]
    layout["annotations"] = [
        {
            "x": math.log10(place) if spec.log_x else place,
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "xanchor": "right" if place > edge else lanes[number % 2],
            "text": in_plotly(label),
            "showarrow": False,
        }
        for number, (place, label) in enumerate(sorted(marks, reverse=True))
    ]
