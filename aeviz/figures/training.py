"""What a training run measured, as Plotly figures: plain data, as Plotly's JSON has them.

The browser adds the theme's colours and fonts (`web/static/chart.js`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

from aeviz.escaping import in_plotly
from aeviz.evaluation.baselines import Baseline, told
from aeviz.figures.palette import CLASS_COLOURS

TRAINING, VALIDATION = CLASS_COLOURS[7], CLASS_COLOURS[6]
HEIGHT = 270
MANY = 4
LABEL_ROOM = 0.12
"""Of the axis's height, what a line of text takes."""


class Figure(TypedDict):
    data: list[dict[str, Any]]
    layout: dict[str, Any]


def curve(
    rows: Sequence[dict[str, Any]],
    term: str,
    steps_per_epoch: float,
    baselines: Sequence[Baseline] = (),
) -> Figure:
    """One term of the loss over epochs: training as a line, validation as points on a line, and
    those of the `baselines` that lie near enough as level lines.

    `rows` are the lines of metrics.jsonl. The first steps of an untrained network would flatten all
    that follows, so the axis begins to count where they are over.
    """
    training = [row for row in _training_rows(rows) if term in row]
    validation = [row for row in rows if term in row.get("validation", {})]
    y = [row[term] for row in training]
    checked = [row["validation"][term] for row in validation]
    hover = "epoch %{x:.2f}: %{y:.4g}"
    bounds = value_range(y, checked)
    level = [baseline for baseline in baselines if baseline.term == term]
    places = [row["step"] / steps_per_epoch for row in training]
    if bounds and checked:
        bounds, level = with_levels(bounds, level)
    else:
        level = []
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": "training" + _beyond(y, bounds),
                "x": places,
                "y": y,
                "line": {"color": TRAINING, "width": 2},
                "hovertemplate": hover,
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": "validation",
                "x": [row["epoch"] for row in validation],
                "y": checked,
                "line": {"color": VALIDATION, "width": 2},
                "marker": {"size": 7},
                "hovertemplate": hover,
            },
        ],
        "layout": {
            **_LAYOUT,
            "height": HEIGHT,
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "xaxis": {"title": {"text": "epoch"}, "rangemode": "tozero", "showgrid": False},
            "yaxis": ranged(bounds),
            **_levels(level, checked, bounds),
        },
    }


def _training_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """An epoch's own mean, or the lines written within it where they are many.

    A line or two within a short epoch are means of a few steps: beside whole epochs they look like
    a jump of the loss. Before the first epoch is over they are all there is to see.
    """
    within = Counter(row["epoch"] for row in rows if "validation" not in row)
    begun = all("validation" not in row for row in rows)

    def tells(row: dict[str, Any]) -> bool:
        if "validation" in row:
            return within[row["epoch"] - 1] < MANY
        return begun or within[row["epoch"]] >= MANY

    return [row for row in rows if tells(row)]


def value_range(training: Sequence[float], validation: Sequence[float]) -> list[float] | None:
    """Bounds of the value axis: all of the validation, and the training but for its first tenth."""
    later = list(training[max(1, len(training) // 10) :])
    values = np.array([*later, *validation], float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return None
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return [low - room if low - room > 0 or low < 0 else 0.0, high + room]


def _beyond(y: Sequence[float], bounds: Sequence[float] | None) -> str:
    """Where a curve comes in from above the axis, from how high it comes. A part of its name: in
    the figure it would lie on the curves, which begin there."""
    top = bounds[1] if bounds else np.inf
    first = next((i for i, value in enumerate(y) if value <= top), 0)
    if not first or not np.isfinite(y[:first]).all():
        return ""
    return f" (↑ from {told(y[0])})"


def ranged(bounds: Sequence[float] | None) -> dict[str, Any]:
    """The axis between these bounds; without any, no range at all: Plotly does not go on from one
    that is null."""
    return {"range": list(bounds)} if bounds else {}


def with_levels(
    bounds: list[float], baselines: Sequence[Baseline]
) -> tuple[list[float], list[Baseline]]:
    """Wider bounds that hold the baselines, nearest first, and those held: as many as leave the
    curves half of the height."""
    (low, high), held = bounds, []
    most = 2 * (high - low)
    for baseline in sorted(baselines, key=lambda b: max(low - b.value, b.value - high)):
        value = baseline.value
        room = LABEL_ROOM * (max(high, value) - min(low, value))
        lower, upper = min(low, value - room), max(high, value + room)
        if upper - lower > most:
            break
        low, high = lower, upper
        held.append(baseline)
    return [low, high], held


def _levels(
    baselines: Sequence[Baseline],
    checked: Sequence[float],
    bounds: list[float] | None,
) -> dict[str, Any]:
    """Level lines with their labels, on the side of the line where the curve does not end; one that
    would lie on the label before it begins at the left."""
    shapes, labels = [], []
    places: list[float] = []
    for baseline in baselines:
        assert bounds is not None
        height = bounds[1] - bounds[0]
        above = baseline.value >= checked[-1]
        place = baseline.value + (0.5 if above else -0.5) * LABEL_ROOM * height
        left = any(abs(place - other) < LABEL_ROOM * height for other in places)
        places.append(place)
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": baseline.value,
                "y1": baseline.value,
                "layer": "below",
                "line": {"width": 1.5, "dash": "dot"},
            }
        )
        labels.append(
            {
                "text": f"{in_plotly(baseline.title)}: {told(baseline.value)}",
                "xref": "paper",
                "x": 0 if left else 1,
                "xanchor": "left" if left else "right",
                "y": baseline.value,
                "yanchor": "bottom" if above else "top",
                "yshift": 4 if above else -4,
                "showarrow": False,
            }
        )
    return {"shapes": shapes, "annotations": labels}


_LAYOUT: dict[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "uirevision": "kept",  # what a person zoomed to stays while the figure grows
    "hovermode": "closest",
}
