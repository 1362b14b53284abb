"""What a training run measured, as Plotly figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from aeviz.plots import CLASS_COLOURS

TRAINING, VALIDATION = CLASS_COLOURS[7], CLASS_COLOURS[6]
HEIGHT, MAP_HEIGHT = 280, 400


def curve(rows: Sequence[dict[str, Any]], term: str, steps_per_epoch: float) -> go.Figure:
    """One term of the loss over epochs: training as a line, validation as points on a line.

    `rows` are the lines of metrics.jsonl. The first steps of an untrained network would flatten all
    that follows, so the axis begins to count where they are over.
    """
    training = _training_rows(rows)
    validation = [row for row in rows if "validation" in row]
    x = [row["step"] / steps_per_epoch for row in training]
    y = [row[term] for row in training]
    checked = [row["validation"][term] for row in validation]
    figure = go.Figure(
        [
            go.Scatter(x=x, y=y, name="training", mode="lines", line={"color": TRAINING}),
            go.Scatter(
                x=[row["epoch"] for row in validation],
                y=checked,
                name="validation",
                mode="lines+markers",
                line={"color": VALIDATION},
                marker={"size": 7},
            ),
        ]
    )
    figure.update_traces(hovertemplate="epoch %{x:.2f}: %{y:.4g}")
    figure.update_layout(
        xaxis={"title": "epoch", "rangemode": "tozero"},
        yaxis={"range": value_range(y, checked)},
        **_layout(),
    )
    figure.update_layout(legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.14})
    return figure


def _training_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines written between epochs; an epoch's own mean only where it has no other line."""
    epochs = {row["epoch"] for row in rows if "validation" not in row}
    return [row for row in rows if "validation" not in row or row["epoch"] - 1 not in epochs]


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
) -> go.Figure:
    """Codes on their plane (M, 2), coloured by class, with the classes' names beside them."""
    figure = go.Figure()
    for label, name in enumerate(class_names):
        chosen = places[labels == label]
        figure.add_scatter(
            x=chosen[:, 0],
            y=chosen[:, 1],
            name=name,
            mode="markers",
            marker={"size": 5, "color": CLASS_COLOURS[label % len(CLASS_COLOURS)]},
            hovertemplate=f"{name}<extra></extra>",
        )
    axis: dict[str, Any] = {"showticklabels": False, "zeroline": False, "showgrid": False}
    figure.update_layout(
        xaxis=axis,
        yaxis=axis,
        **_layout() | {"height": MAP_HEIGHT},
    )
    figure.update_layout(legend={"itemsizing": "constant"})
    return figure


def _layout() -> dict[str, Any]:
    return {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "uirevision": "kept",  # what a person zoomed to stays while the figure grows
        "hovermode": "closest",
    }
