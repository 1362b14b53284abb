"""Plotly figures of a network's diagnostics (`evaluation.diagnostics`): plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.training import Figure

ON, OFF = CLASS_COLOURS[7], "rgba(128,128,128,0.55)"
HEIGHT = 230


def kl_bars(kl: Sequence[float], active: Sequence[bool]) -> Figure:
    """The KL of each dimension in nats; inactive ones are grey."""
    names = [f"z{i}" for i in range(len(kl))]
    words = ["active" if on else "inactive" for on in active]
    return _bars(
        names, kl, "%{x}: %{y:.3g} nats, %{text}", [ON if on else OFF for on in active], words
    )


def activations(counts: Sequence[int], low: float, high: float) -> Figure:
    """Histogram of activations in equal bins from low to high, with a logarithmic axis."""
    step = (high - low) / len(counts)
    middles = [low + step * (i + 0.5) for i in range(len(counts))]
    figure = _bars(middles, counts, "about %{x:.3g}: %{y:,} activations", ON)
    figure["layout"]["yaxis"] = {"type": "log", "dtick": 1}
    figure["layout"]["bargap"] = 0.05
    return figure


def spectrum(values: Sequence[float]) -> Figure:
    """Singular values of the encoder's Jacobian, largest first."""
    return _bars(list(range(1, len(values) + 1)), values, "number %{x}: %{y:.3g}", ON)


def _bars(
    x: Sequence[Any],
    y: Sequence[float],
    hover: str,
    colours: str | list[str],
    words: Sequence[str] = (),
) -> Figure:
    trace = {
        "type": "bar",
        "x": list(x),
        "y": list(y),
        "marker": {"color": colours},
        "hovertemplate": f"{hover}<extra></extra>",
    }
    if words:
        trace |= {"text": list(words), "textposition": "none"}
    return {
        "data": [trace],
        "layout": {
            "height": HEIGHT,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "showlegend": False,
            "bargap": 0.2,
            "uirevision": "kept",
            "xaxis": {"fixedrange": True},
            "yaxis": {"rangemode": "tozero"},
        },
    }
