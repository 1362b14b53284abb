"""Noisy points and where a denoiser moves them (`aeviz.experiments.denoise_manifold`), as a Plotly
figure: plain data."""

from __future__ import annotations

from typing import Any, Final

from aeviz.experiments import toy_manifold
from aeviz.experiments.base import Result
from aeviz.experiments.denoise_manifold import Parameters
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.slider import slider
from aeviz.figures.training import Figure

TITLE: Final = "From noisy points to the denoiser's outputs"
NOTE: Final = (
    "Blue: the curve of clean points; a blob has none. Grey: noisy points. An arrow leads from a "
    "noisy point to its output. The slider changes the noise; each noise has a denoiser of its own."
)
HEIGHT: Final = 560
EVERY: Final = 10
"""Of so many places of the curve one is drawn, and the last."""
ARROWS: Final = 140
"""More would hide the curve."""


def arrows(result: Result) -> Figure | None:
    """The curve, the cloud of noisy points, and arrows from some of them to their outputs, with a
    slider over the noise; None before the first network is trained."""
    if not isinstance(result.parameters, Parameters):
        return None
    there = [
        (noise, result.arrays[f"noise-{number}-0/noisy"], result.arrays[f"noise-{number}-0/output"])
        for number, noise in enumerate(result.parameters.noise)
        if f"noise-{number}-0/noisy" in result.arrays
    ]
    if not there:
        return None
    lines = toy_manifold.curve(result.parameters.shape)
    pieces = [[*line[::EVERY].tolist(), line[-1].tolist()] for line in lines]
    curves = [_curve(piece) for piece in pieces]
    last = len(there) - 1
    moved = [
        trace | {"visible": number == last}
        for number, (_, noisy, output) in enumerate(there)
        for trace in (_cloud(noisy), _arrows(noisy[:ARROWS], output[:ARROWS]))
    ]
    reach = 1.05 * max(
        abs(value)
        for points in (*pieces, *(noisy for _, noisy, _ in there))
        for point in points
        for value in point
    )
    bare = {"showticklabels": False, "showgrid": False, "range": [-reach, reach]}
    return {
        "data": [*curves, *moved],
        "layout": {
            "height": HEIGHT,
            "margin": {"l": 4, "r": 4, "t": 8, "b": 76},
            "showlegend": False,
            "uirevision": "kept",
            "xaxis": bare | {"constrain": "domain"},
            "yaxis": bare | {"scaleanchor": "x", "constrain": "domain"},
            "sliders": [
                slider("Noise ", [f"{noise:g}" for noise, _, _ in there], last, len(curves), 2)
            ],
        },
    }


def _curve(piece: list[list[float]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _ in piece],
        "y": [y for _, y in piece],
        "line": {"color": CLASS_COLOURS[0], "width": 4},
        "hoverinfo": "skip",
    }


def _cloud(noisy: list[list[float]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _ in noisy],
        "y": [y for _, y in noisy],
        "marker": {"size": 4, "color": "#8a8f8c", "opacity": 0.55},
        "hoverinfo": "skip",
    }


def _arrows(noisy: list[list[float]], output: list[list[float]]) -> dict[str, Any]:
    """Lines with a head at each output; Plotly turns the head along the line."""
    ends = [end for pair in zip(noisy, output, strict=True) for end in (*pair, [None, None])]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [x for x, _ in ends],
        "y": [y for _, y in ends],
        "line": {"color": CLASS_COLOURS[6], "width": 1.5},
        "marker": {
            "symbol": "arrow",
            "angleref": "previous",
            "size": [0, 9, 0] * len(noisy),
            "color": CLASS_COLOURS[6],
            "opacity": 1,
            "line": {"width": 0},
        },
        "hoverinfo": "skip",
    }
