"""Loss curves of a training run as Plotly figures: plain data in Plotly's JSON format.

The browser adds the theme's colours and fonts (`web/static/chart.js`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

from aeviz.escaping import in_plotly
from aeviz.evaluation.baselines import Baseline, as_text
from aeviz.figures.palette import CLASS_COLOURS

TRAINING, VALIDATION = CLASS_COLOURS[7], CLASS_COLOURS[6]
HEIGHT = 270
MANY = 4
LABEL_ROOM = 0.12
"""Height of a line of text, as a share of the axis."""


class Figure(TypedDict):
    data: list[dict[str, Any]]
    layout: dict[str, Any]


def curve(
    rows: Sequence[dict[str, Any]],
    term: str,
    steps_per_epoch: float,
    baselines: Sequence[Baseline] = (),
) -> Figure:
    """One term of the loss over epochs: training as a line, validation as a line with points, and
    those `baselines` that lie near enough as horizontal lines.

    `rows` are the lines of metrics.jsonl. The range of the axis ignores the first training steps,
    whose large values would flatten the rest of the curve.
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
    """The mean of each epoch, or the rows written within it if there are many.

    One or two rows within a short epoch are means of a few steps; beside whole epochs they would
    look like a jump of the loss. During the first epoch there are no others.
    """
    within = Counter(row["epoch"] for row in rows if "validation" not in row)
    first_epoch = all("validation" not in row for row in rows)

    def is_drawn(row: dict[str, Any]) -> bool:
        if "validation" in row:
            return within[row["epoch"] - 1] < MANY
        return first_epoch or within[row["epoch"]] >= MANY

    return [row for row in rows if is_drawn(row)]


def value_range(training: Sequence[float], validation: Sequence[float]) -> list[float] | None:
    """Bounds of the value axis: all validation values, and the training without its first tenth."""
    later = list(training[max(1, len(training) // 10) :])
    values = np.array([*later, *validation], float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return None
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return [low - room if low - room > 0 or low < 0 else 0.0, high + room]


def _beyond(y: Sequence[float], bounds: Sequence[float] | None) -> str:
    """If a curve starts above the axis, its first value, as a suffix for its name in the legend; in
    the plot it would overlap the curves."""
    top = bounds[1] if bounds else np.inf
    first = next((i for i, value in enumerate(y) if value <= top), 0)
    if not first or not np.isfinite(y[:first]).all():
        return ""
    return f" (↑ from {as_text(y[0])})"


def ranged(bounds: Sequence[float] | None) -> dict[str, Any]:
    """The axis's range, if there are bounds; Plotly cannot update from a range that is null."""
    return {"range": list(bounds)} if bounds else {}


def with_levels(
    bounds: list[float], baselines: Sequence[Baseline]
) -> tuple[list[float], list[Baseline]]:
    """Wider bounds that include baselines, nearest first, while the curves keep half of the height;
    and the included baselines."""
    (low, high), included = bounds, []
    max_height = 2 * (high - low)
    for baseline in sorted(baselines, key=lambda b: max(low - b.value, b.value - high)):
        value = baseline.value
        room = LABEL_ROOM * (max(high, value) - min(low, value))
        lower, upper = min(low, value - room), max(high, value + room)
        if upper - lower > max_height:
            break
        low, high = lower, upper
        included.append(baseline)
    return [low, high], included


def _levels(
    baselines: Sequence[Baseline],
    checked: Sequence[float],
    bounds: list[float] | None,
) -> dict[str, Any]:
    """Horizontal lines with labels, above or below, away from the curve's end; a label that would
    overlap another is placed at the left."""
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
                "text": f"{in_plotly(baseline.title)}: {as_text(baseline.value)}",
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
    "uirevision": "kept",  # a zoom stays while the figure grows
    "hovermode": "closest",
}
