"""The figures of the small denoisers' page in Plotly's JSON format (`chart` adds the theme)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from aeviz.escaping import in_plotly
from aeviz.experiments.noise_sweep import AMOUNTS, HALF, NOISY, Sweep
from aeviz.experiments.toy_manifold import Way, curve
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.training import Figure

GREY = "#8a8f8c"
"""Visible on white and on black."""
POINT, ARROW, CURVE = CLASS_COLOURS[6], CLASS_COLOURS[7], CLASS_COLOURS[0]

_COLOURS = [CLASS_COLOURS[i] for i in (7, 6, 0, 5, 3, 1)]
_DASHES = ("solid", "dash", "dashdot", "longdash", "solid", "dash")
_HEIGHT, _PLANE_HEIGHT = 300, 470
_SHOWN = 140
_REACH = 1.55
_TOP = 30.0  # dB; without noise the PSNR of the noisy image is infinite
_LAYOUT: dict[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "showlegend": False,
    "hovermode": "closest",
    "uirevision": "kept",
}


def line_style(name: str, names: Sequence[str]) -> tuple[str, str, float]:
    """Colour, dash and width of this restorer's line; the first of `names` is the chosen model."""
    if name == NOISY:
        return GREY, "dot", 2.5
    if name not in names:
        return GREY, "dash", 1.5
    place = names.index(name)
    return _COLOURS[place % 6], _DASHES[place % 6], 3.5 if place == 0 else 2


def psnr_chart(sweep: Sweep, names: Sequence[str], amount: float) -> Figure:
    """PSNR against the amount of noise, and the line of the average image."""
    curves = {name: own.psnr for name, own in sweep.curves.items()}
    ends = {name: sweep.limits(name).average_from for name in curves}
    axis = {"range": [2, _TOP], "ticksuffix": " dB"}
    bound = (sweep.average, "the average image")
    return _over_amounts(curves, ends, names, amount, bound, axis, "%{y:.1f} dB")


def read_chart(sweep: Sweep, names: Sequence[str], amount: float) -> Figure:
    """The share of images that the classifier reads correctly, and a line at one half."""
    curves = {name: own.read for name, own in sweep.curves.items()}
    ends = {name: sweep.limits(name).unread_from for name in curves}
    axis = {"range": [-0.02, 1.02], "tickformat": ".0%"}
    bound = (HALF, "half of them correct")
    return _over_amounts(curves, ends, names, amount, bound, axis, "%{y:.0%}")


def _over_amounts(
    curves: Mapping[str, Sequence[float]],
    ends: Mapping[str, float | None],
    names: Sequence[str],
    amount: float,
    bound: tuple[float, str],
    axis: dict[str, Any],
    value: str,
) -> Figure:
    """Lines over the amount of noise, with a marker where each falls below the bound."""
    level, label = bound
    data: list[dict[str, Any]] = []
    for name in sorted(curves, key=lambda name: name == names[0]):  # the chosen one over the others
        colour, dash, width = line_style(name, names)
        shown = in_plotly(name)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": shown,
                "x": list(AMOUNTS),
                "y": [round(v, 4) for v in curves[name]],
                "line": {"color": colour, "dash": dash, "width": width},
                "hovertemplate": f"{shown}, %{{x:.0%}} noise: {value}<extra></extra>",
            }
        )
        end = ends[name]
        if end is not None:
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": f"{shown} fails",
                    "x": [round(end, 4)],
                    "y": [level],
                    "marker": {"color": colour, "size": 11, "symbol": "x"},
                    "hovertemplate": f"{shown} fails at %{{x:.0%}}<extra></extra>",
                }
            )
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": level, "y1": level}
    place = {"type": "line", "yref": "paper", "x0": amount, "x1": amount, "y0": 0, "y1": 1}
    return {
        "data": data,
        "layout": {
            **_LAYOUT,
            "height": _HEIGHT,
            "margin": {**_LAYOUT["margin"], "r": 26},
            "xaxis": {
                "range": [0, 1], "dtick": 0.2, "tickformat": ".0%", "fixedrange": True,
                "showgrid": False,
            },
            "yaxis": {**axis, "fixedrange": True},
            "shapes": [
                {**across, "line": {"color": GREY, "width": 1}},
                {**place, "line": {"color": CLASS_COLOURS[1], "width": 2}},
            ],
            "annotations": [
                {
                    "text": label, "x": 0.01, "xanchor": "left", "y": level, "yanchor": "bottom",
                    "xref": "paper", "showarrow": False, "font": {"size": 11},
                }
            ],
        },
    }  # fmt: skip


def plane(shape: str, way: Way) -> Figure:
    """The curve, noisy points with arrows to their restored places, and behind them the denoiser's
    arrows on a grid over the plane, shortened so that they do not cross."""
    spacing = (way.grid[1] - way.grid[0]).norm().item()
    moves = way.answers - way.grid
    length = moves.norm(dim=1, keepdim=True).clamp_min(1e-9)
    short = way.grid + moves / length * spacing * 0.85 * torch.tanh(length / spacing)
    before, after = way.noisy[:_SHOWN], way.restored[:_SHOWN]
    clean = way.clean[:600]
    stroke = {"color": CURVE, "width": 5, "simplify": False}
    lines = [
        _line(piece, "the clean line", mode="lines", line=stroke) for piece in curve(shape)
    ] or [
        _line(clean, "clean points", mode="markers", marker={"color": CURVE, "size": 4})
    ]  # fmt: skip
    data = [
        _arrows(way.grid, short, "anywhere in the plane", GREY, 1, 5, 0.5),
        *({**piece, "opacity": 0.6} for piece in lines),
        _arrows(before, after, "restored", ARROW, 1.5, 7, 1),
        _line(before, "noisy", mode="markers", marker={"color": POINT, "size": 5}),
    ]
    axis = {"range": [-_REACH, _REACH], "fixedrange": True, "showticklabels": False}
    return {
        "data": data,
        "layout": {
            **_LAYOUT,
            "height": _PLANE_HEIGHT,
            "uirevision": shape,
            "xaxis": {**axis, "showgrid": False, "constrain": "domain"},
            "yaxis": {**axis, "showgrid": False, "scaleanchor": "x", "constrain": "domain"},
        },
    }


def _line(points: Tensor, name: str, **how: Any) -> dict[str, Any]:
    x, y = points.round(decimals=3).T.tolist()
    return {"type": "scatter", "x": x, "y": y, "name": name, "hoverinfo": "name", **how}


def _arrows(
    start: Tensor, end: Tensor, name: str, colour: str, width: float, head: int, opacity: float
) -> dict[str, Any]:
    """Lines from start to end, both (N, 2), with a head at the end of each."""
    gap = torch.full_like(start, float("nan"))
    points = torch.stack([start, end, gap], 1).reshape(-1, 2)
    x, y = ([None if v != v else round(v, 3) for v in side] for side in points.T.tolist())
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": x,
        "y": y,
        "line": {"color": colour, "width": width},
        "marker": {
            "symbol": "arrow", "angleref": "previous", "color": colour, "opacity": 1,
            "size": [0, head, 0] * len(start), "line": {"width": 0},
        },
        "opacity": opacity,
        "hoverinfo": "skip",
    }  # fmt: skip
