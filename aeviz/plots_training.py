"""What a training run measured, as Plotly figures: plain data, as Plotly's JSON has them.

The browser adds the theme's colours and fonts (`live/static/chart.js`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from aeviz.plots import CLASS_COLOURS

TRAINING, VALIDATION = CLASS_COLOURS[7], CLASS_COLOURS[6]
HEIGHT, MAP_HEIGHT = 270, 400
MANY = 4


class Figure(TypedDict):
    data: list[dict[str, Any]]
    layout: dict[str, Any]


def curve(rows: Sequence[dict[str, Any]], term: str, steps_per_epoch: float) -> Figure:
    """One term of the loss over epochs: training as a line, validation as points on a line.

    `rows` are the lines of metrics.jsonl. The first steps of an untrained network would flatten all
    that follows, so the axis begins to count where they are over.
    """
    training = _training_rows(rows)
    validation = [row for row in rows if "validation" in row]
    y = [row[term] for row in training]
    checked = [row["validation"][term] for row in validation]
    hover = "epoch %{x:.2f}: %{y:.4g}"
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": "training",
                "x": [row["step"] / steps_per_epoch for row in training],
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
            "yaxis": {"range": value_range(y, checked)},
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


def latent_map(
    places: NDArray[np.float32], labels: NDArray[np.int16], class_names: Sequence[str]
) -> Figure:
    """Codes on their plane (M, 2), coloured by class, with the classes' names beside them."""
    axis = {"showticklabels": False, "showgrid": False}
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": places[labels == label, 0].round(3).tolist(),
                "y": places[labels == label, 1].round(3).tolist(),
                "marker": {"size": 5, "color": CLASS_COLOURS[label % len(CLASS_COLOURS)]},
                "hovertemplate": f"{name}<extra></extra>",
            }
            for label, name in enumerate(class_names)
        ],
        "layout": {
            **_LAYOUT,
            "height": MAP_HEIGHT,
            "showlegend": True,
            "legend": {"itemsizing": "constant"},
            "xaxis": axis,
            "yaxis": axis,
        },
    }


_LAYOUT: dict[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "uirevision": "kept",  # what a person zoomed to stays while the figure grows
    "hovermode": "closest",
}
