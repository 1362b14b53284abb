"""Loss curves of several runs in one Plotly figure: plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from aeviz.escaping import in_plotly
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.training import Figure, ranged, value_range

MOST: Final = len(CLASS_COLOURS)
"""Lines in one chart: as many as there are colours."""
POINTS: Final = 400
HEIGHT: Final = 340
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x")
_DASHES: Final = ("solid", "dash")


class Line(NamedTuple):
    """One run: its label, and the lines of its metrics.jsonl that contain a validation."""

    label: str
    metrics: Sequence[dict[str, Any]]


def overlay(lines: Sequence[Line], term: str, unit: str) -> Figure:
    """One term of the validation loss of each run over epochs, the i-th in the i-th colour; markers
    and dashes differ, too, for colour-blind readers."""
    data, levels, longest = [], [], 0
    for i, line in enumerate(lines[:MOST]):
        x, y = thinned(*points(line.metrics, term))
        levels.append(y)
        longest = max([longest, *x[-1:]])
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(x) <= 60 else "lines",
                "name": in_plotly(line.label),
                "x": x,
                "y": y,
                "line": {"color": CLASS_COLOURS[i], "width": 2, "dash": _DASHES[i // 5 % 2]},
                "marker": {"size": 7, "symbol": _SYMBOLS[i % len(_SYMBOLS)]},
                "hovertemplate": "epoch %{x}: %{y:.4g}",
            }
        )
    return {
        "data": data,
        "layout": {
            "height": HEIGHT + 22 * max(0, len(data) - 2),
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "uirevision": term,  # a zoom stays with new data, but not with another quantity
            "hovermode": "closest",
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
            "xaxis": {
                "title": {"text": "epoch"},
                "rangemode": "tozero",
                "showgrid": False,
                **({"dtick": 1} if longest <= 12 else {}),  # no ticks at half an epoch
            },
            "yaxis": {"title": {"text": unit}, **ranged(together(levels))},
        },
    }


def points(metrics: Sequence[dict[str, Any]], term: str) -> tuple[list[int], list[float]]:
    """Epochs, and the term of the validation loss after each of them."""
    found = [
        (int(row["epoch"]), float(row["validation"][term]))
        for row in metrics
        if math.isfinite(row.get("validation", {}).get(term, math.nan))
    ]
    return [epoch for epoch, _ in found], [value for _, value in found]


def thinned(x: Sequence[int], y: Sequence[float]) -> tuple[list[int], list[float]]:
    """At most POINTS points, evenly spaced, including the first and the last."""
    if len(x) <= POINTS:
        return list(x), list(y)
    indices = [round(i * (len(x) - 1) / (POINTS - 1)) for i in range(POINTS)]
    return [x[i] for i in indices], [y[i] for i in indices]


def together(levels: Sequence[Sequence[float]]) -> list[float] | None:
    """Bounds of the value axis for all curves. The first tenth of each is ignored if otherwise the
    rest would have less than half of the height."""
    whole = value_range([], [value for values in levels for value in values])
    later = value_range([], [value for values in levels for value in values[len(values) // 10 :]])
    if whole and later and whole[1] - whole[0] > 2 * (later[1] - later[0]):
        return later
    return whole


def terms(lines: Sequence[Line]) -> list[str]:
    """Those of mse, loss, recon, kl and penalty that can be drawn, the default first.

    A term of the loss is included if it is not 0 in all runs; the MSE per pixel only if every run
    with a measured epoch has it.
    """
    there = [
        term
        for term in ("loss", "recon", "kl", "penalty")
        if any(any(points(line.metrics, term)[1]) for line in lines)
    ]
    # a loss without any other term is its reconstruction
    there = there if len(there) > 2 else there[:1]
    measured = [line for line in lines if points(line.metrics, "loss")[0]]
    if measured and all(points(line.metrics, "mse")[0] for line in measured):
        return ["mse", *there]
    return there
