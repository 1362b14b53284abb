"""Points in space, the decoder's surface through them at moments of the training, and the maps that
each method makes of them (`aeviz.experiments.points_3d`), as Plotly figures: plain data."""

from __future__ import annotations

from typing import Any, Final

from aeviz.escaping import in_plotly
from aeviz.experiments.base import Result
from aeviz.experiments.points_3d.parameters import ARMS
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.slider import slider
from aeviz.figures.training import Figure

HEIGHT: Final = 520
EYE: Final = {"x": 1.1, "y": 1.3, "z": 0.8}
ROW_HEIGHT: Final = 250
CAPTION: Final = 0.23
"""Share of a row's height that is above the map."""
COLUMNS: Final = 4
GAP: Final = 0.03
SCALE: Final = "Viridis"
"""Readable when colour-blind; the colour is the place along the surface."""


def figures(result: Result) -> list[tuple[str, Figure, str]]:
    """The figures for which the result has arrays: (title, figure, a sentence on what to look
    at)."""
    found = (
        (
            "The points, and the decoder's surface through them",
            surface(result),
            "Drag to turn it. The slider goes through the training. The colour is the place along "
            "the surface.",
        ),
        (
            "The map of each method",
            maps(result),
            "A good map keeps the colours in order, without a fold and without a tear. New points: "
            "whether the method can place points that it has not seen. Way back: whether it leads "
            "from the map to points in space.",
        ),
    )
    return [(title, figure, note) for title, figure, note in found if figure is not None]


def surface(result: Result) -> Figure | None:
    """The points, and the decoder's surface with a slider over the steps of the training; None
    before the tasks that draw them are done. A drag turns the scene."""
    points, colour = result.arrays.get("pca-0/points"), result.arrays.get("pca-0/colour")
    steps, sheets = result.arrays.get("ae-0/steps"), result.arrays.get("ae-0/surfaces")
    if not points or not colour:
        return None
    x, y, z = zip(*points, strict=True)
    cloud = {
        "type": "scatter3d",
        "mode": "markers",
        "name": "points",
        "x": list(x),
        "y": list(y),
        "z": list(z),
        "marker": {"size": 2.5, "color": colour, "colorscale": SCALE, "showscale": False},
        "hoverinfo": "skip",
    }
    data = [cloud]
    layout: dict[str, Any] = {
        "height": HEIGHT,
        "margin": {"l": 0, "r": 0, "t": 8, "b": 76},
        "showlegend": False,
        "uirevision": "kept",
        "scene": {"aspectmode": "data", "camera": {"eye": EYE}, **_plain_axes()},
    }
    if steps and sheets:
        last = len(steps) - 1
        data += [_sheet(sheet, number == last) for number, sheet in enumerate(sheets)]
        layout["sliders"] = [slider("Training step ", [f"{step:,}" for step in steps], last, 1)]
    return {"data": data, "layout": layout}


def _plain_axes() -> dict[str, Any]:
    bare = {"title": {"text": ""}, "showticklabels": False, "showbackground": False}
    return {"xaxis": bare, "yaxis": bare, "zaxis": bare}


def _sheet(sheet: list[list[list[float | None]]], visible: bool) -> dict[str, Any]:
    axes = [[[place[axis] for place in row] for row in sheet] for axis in range(3)]
    lines = {"show": True, "color": "rgba(90,90,90,0.55)", "width": 1}
    return {
        "type": "surface",
        "name": "decoder's surface",
        "x": axes[0],
        "y": axes[1],
        "z": axes[2],
        "visible": visible,
        "opacity": 0.45,
        "showscale": False,
        "colorscale": [[0, CLASS_COLOURS[6]], [1, CLASS_COLOURS[6]]],
        "contours": {"x": lines, "y": lines},
        "hoverinfo": "skip",
    }


def maps(result: Result) -> Figure | None:
    """The two numbers of each method beside each other, coloured by the place along the surface;
    None before there is one."""
    colour = result.arrays.get("pca-0/colour")
    there = [arm for arm in ARMS if result.arrays.get(f"{arm}-0/codes")]
    if not colour or not there:
        return None
    rows = -(-len(there) // COLUMNS)
    layout: dict[str, Any] = {
        "height": ROW_HEIGHT * rows,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "showlegend": False,
        "annotations": [],
    }
    data = []
    for number, arm in enumerate(there):
        codes = result.arrays[f"{arm}-0/codes"]
        axis = str(number + 1) if number else ""
        left, top = number % COLUMNS, rows - 1 - number // COLUMNS
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": in_plotly(ARMS[arm]),
                "x": [place[0] for place in codes],
                "y": [place[1] for place in codes],
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "marker": {"size": 3, "color": colour[: len(codes)], "colorscale": SCALE},
                "hoverinfo": "skip",
            }
        )
        bare = {"showticklabels": False, "showgrid": False, "zeroline": False}
        across = [(left + GAP) / COLUMNS, (left + 1 - GAP) / COLUMNS]
        up = [(top + GAP) / rows, (top + 1 - CAPTION) / rows]
        layout[f"xaxis{axis}"] = bare | {"domain": across, "anchor": f"y{axis}"}
        layout[f"yaxis{axis}"] = bare | {"domain": up, "anchor": f"x{axis}"}
        layout["annotations"].append(
            {
                "text": _caption(result, arm),
                "xref": "paper",
                "yref": "paper",
                "x": sum(across) / 2,
                "y": up[1],
                "xanchor": "center",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
    return {"data": data, "layout": layout}


def _caption(result: Result, arm: str) -> str:
    """The method's name, whether it places new points, and whether it leads back to space."""
    columns = {"new_points": "new points", "way_back": "way back"}
    said = "".join(
        f"<br>{words}: {value}"
        for column, words in columns.items()
        for value in result.values(column, arm=ARMS[arm])
    )
    return f'{in_plotly(ARMS[arm])}<span style="font-size: 10px">{said}</span>'
