"""A table of coloured cells with a text in each, as a Plotly figure: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aeviz.figures.training import Figure

TOP: Final = 56
"""Pixels above the cells, for the names of the columns."""

Cells = Sequence[Sequence[Any]]
"""A sequence of cells for each row."""


def cells(
    columns: Sequence[str],
    rows: Sequence[str],
    colours: Cells,
    texts: Cells,
    hover: Cells,
    *,
    span: tuple[float, float],
    scale: Sequence[tuple[float, str]],
    row_height: int,
    hovertemplate: str,
    column_title: str = "",
) -> Figure:
    """`colours`: numbers, coloured by `scale` over `span`; `texts`: what stands in the cells;
    `hover`: the `customdata` of `hovertemplate`. The names may be numbers."""
    figure = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": colours,
        "customdata": hover,
        "zmin": span[0],
        "zmax": span[1],
        "colorscale": scale,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": f"{hovertemplate}<extra></extra>",
    }
    axis = {"type": "category", "showgrid": False, "ticks": "", "fixedrange": True}
    return {
        "data": [figure],
        "layout": {
            "height": TOP + row_height * len(rows),
            "margin": {"l": 8, "r": 8, "t": 44, "b": 8},
            "showlegend": False,
            "xaxis": axis | {"side": "top", "title": {"text": column_title}},
            "yaxis": axis | {"autorange": "reversed", "automargin": True},
            "annotations": [
                # by places, as a name that is a number would be one
                _annotation(column, row, text, min(14, row_height // 2))
                for row, line in enumerate(texts)
                for column, text in enumerate(line)
                if text
            ],
        },
    }


def _annotation(column: int, row: int, text: str, size: int) -> dict[str, Any]:
    return {
        "x": column,
        "y": row,
        "text": text,
        "showarrow": False,
        "bgcolor": "rgba(0, 0, 0, 0)",
        "font": {"size": size},
    }
