"""Results of the Lab as Plotly figures: a dot per seed, a line or a mark through the means, the
student's prediction as a dashed line, and the reference result in hollow marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from aeviz.escaping import in_plotly
from aeviz.experiments.base import Chart, Result, Row
from aeviz.experiments.statistics import Interval, interval
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.training import Figure

HEIGHT: Final = 360
ROW_HEIGHT: Final = 34
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "star", "hexagon", "cross")
GHOST: Final = "#8a8f8c"
MAX_ARMS: Final = len(CLASS_COLOURS)


def chart(
    spec: Chart,
    result: Result | None,
    reference: Result | None = None,
    ghost: tuple[Sequence[float | str], Sequence[float]] | None = None,
) -> Figure:
    """The figure of one measure. `ghost`: the places and heights of the student's prediction."""
    arms = _arms(spec, [found for found in (result, reference) if found is not None])
    if spec.kind == "bars" and spec.x == "arm":
        return _strips(spec, arms, result, reference, ghost)
    data: list[dict[str, Any]] = []
    for arm, number in arms.items():
        if result is not None:
            data += _measured(spec, arm, number, _rows(spec, result, arm))
        if reference is not None:
            data += _reference(spec, arm, number, _rows(spec, reference, arm))
    if ghost is not None:
        data.append(_ghost(spec, *ghost))
    layout = _layout(spec)
    if spec.kind == "curve":
        layout["xaxis"] |= _ticks(spec, data)
        _mark(spec, layout, result, data)
    else:
        layout |= {"scattermode": "group", "scattergap": 0.4}
        layout["xaxis"] |= {"type": "category"}
    layout["height"] += 22 * max(0, math.ceil(len(data) / 6) - 1)
    return {"data": data, "layout": layout}


def _arms(spec: Chart, results: Sequence[Result]) -> dict[str, int]:
    """The arms that have this measure, in the order of the tasks, each with the number of its
    colour and symbol. All charts of a result give an arm the same one, if that is not taken."""
    found = (str(row["arm"]) for result in results for row in _rows(spec, result))
    every = list(dict.fromkeys(str(row["arm"]) for result in results for row in result.rows))
    numbers: dict[str, int] = {}
    for arm in list(dict.fromkeys(found))[:MAX_ARMS]:
        free = [i for i in range(MAX_ARMS) if i not in numbers.values()]
        own = every.index(arm) % MAX_ARMS
        numbers[arm] = own if own in free else free[0]
    return numbers


def _rows(spec: Chart, result: Result, arm: str | None = None) -> list[Row]:
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
    colour, symbol = CLASS_COLOURS[number], SYMBOLS[number % len(SYMBOLS)]
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


def _reference(spec: Chart, arm: str, number: int, rows: Sequence[Row]) -> list[dict[str, Any]]:
    if not rows:
        return []
    means = _means(spec, rows)
    name = in_plotly(arm)
    return [
        {
            "type": "scatter",
            "mode": "lines+markers" if spec.kind == "curve" else "markers",
            "name": f"{name}, reference",
            "legendgroup": name,
            "offsetgroup": name,
            "x": [place for place, _ in means],
            "y": [mean.mean for _, mean in means],
            "line": {"color": CLASS_COLOURS[number], "width": 1, "dash": "dot"},
            "marker": {
                "color": CLASS_COLOURS[number],
                "size": 9,
                "symbol": f"{SYMBOLS[number % len(SYMBOLS)]}-open",
            },
            "hovertemplate": f"{name}, reference, %{{x}}: %{{y:.4g}}<extra></extra>",
        }
    ]


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


def _layout(spec: Chart) -> dict[str, Any]:
    good = {"lower": "lower is better", "higher": "higher is better", "": ""}[spec.better]
    label = f"{spec.label}<br><sup>{good}</sup>" if good else spec.label
    return {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 12, "t": 28, "b": 8},
        "uirevision": spec.y,
        "hovermode": "closest",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top"},
        "xaxis": {
            "title": {"text": spec.x_label},
            "type": "log" if spec.log_x else "-",
            "showgrid": False,
        },
        "yaxis": {
            "title": {"text": label},
            "type": "log" if spec.log_y else "-",
            **(
                {}
                if spec.log_y
                else {"rangemode": "tozero" if spec.better == "lower" else "normal"}
            ),
        },
    }


def _ticks(spec: Chart, data: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """If there are few points, a logarithmic axis has its labels at the points."""
    places = sorted({float(x) for trace in data for x in trace["x"]})
    if not spec.log_x or not 1 <= len(places) <= 14:
        return {}
    return {"tickvals": places, "ticktext": [f"{place:g}" for place in places]}


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


def _strips(
    spec: Chart,
    arms: dict[str, int],
    result: Result | None,
    reference: Result | None,
    ghost: tuple[Sequence[float | str], Sequence[float]] | None,
) -> Figure:
    """One line per arm, the measure to the right: mean with its interval, and the repeats as dots.
    Arms are words, which have room at the left."""
    data: list[dict[str, Any]] = []
    if result is not None:
        for arm, number in arms.items():
            rows = _rows(spec, result, arm)
            if not rows:
                continue
            values = [float(row[spec.y]) for row in rows]
            mean, label = interval(values), in_plotly(arm)
            colour, symbol = CLASS_COLOURS[number], SYMBOLS[number % len(SYMBOLS)]
            half = mean.high - mean.mean if math.isfinite(mean.high) else 0.0
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": label,
                    "showlegend": False,
                    "x": [mean.mean],
                    "y": [label],
                    "error_x": {"type": "data", "array": [half], "thickness": 2, "width": 6},
                    "marker": {"color": colour, "size": 12, "symbol": symbol},
                    "hovertemplate": f"{label}: %{{x:.4g}}<extra></extra>",
                }
            )
            if len(values) > 1:
                data.append(
                    {
                        "type": "scatter",
                        "mode": "markers",
                        "showlegend": False,
                        "x": values,
                        "y": [label] * len(values),
                        "marker": {"color": colour, "size": 6, "opacity": 0.5},
                        "hovertemplate": f"{label}, one run: %{{x:.4g}}<extra></extra>",
                    }
                )
    if reference is not None:
        rows = _rows(spec, reference)
        means = [(arm, [float(row[spec.y]) for row in rows if row["arm"] == arm]) for arm in arms]
        there = [(arm, interval(values).mean) for arm, values in means if values]
        data.append(
            _beside("reference", [in_plotly(arm) for arm, _ in there], [m for _, m in there])
            | {"marker": {"color": GHOST, "size": 12, "symbol": "diamond-open"}}
        )
    if ghost is not None:
        data.append(_beside("your prediction", [in_plotly(str(p)) for p in ghost[0]], ghost[1]))
    layout = _layout(spec)
    layout["height"] = 110 + ROW_HEIGHT * max(len(arms), 2)
    layout["xaxis"] = {"title": layout["yaxis"]["title"], "type": "log" if spec.log_y else "-"}
    labels = [in_plotly(arm) for arm in reversed(arms)]
    layout["yaxis"] = {"type": "category", "categoryorder": "array", "categoryarray": labels}
    layout["showlegend"] = reference is not None or ghost is not None
    return {"data": data, "layout": layout}


def _beside(name: str, labels: Sequence[str], values: Sequence[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(values),
        "y": list(labels),
        "marker": {"color": GHOST, "size": 13, "symbol": "circle-open-dot"},
        "hovertemplate": f"{name}, %{{y}}: %{{x:.3g}}<extra></extra>",
    }
