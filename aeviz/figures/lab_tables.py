"""Clusters against classes (`aeviz.experiments.clustering`), as Plotly figures: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aeviz import datasets
from aeviz.escaping import in_plotly
from aeviz.experiments.base import Result
from aeviz.experiments.clustering.parameters import TABLED, Parameters
from aeviz.figures.training import Figure

TITLE: Final = "Clusters against classes, in percent"
NOTE: Final = (
    "A row is a class, a column a cluster, and a number the percentage of the class that lies in "
    "the cluster; less than 1 is left out. The clusters are in the order of the classes that they "
    "are matched with, so perfect clusters have 100 on the diagonal."
)
ROW_HEIGHT: Final = 26
SCALE: Final = ((0.0, "rgba(68, 170, 153, 0.04)"), (1.0, "rgba(68, 170, 153, 0.75)"))
"""Transparent, so that the numbers have the colour of the page's text in light and dark."""


def tables(result: Result) -> list[tuple[str, Figure]]:
    """A table with its title for the pixels, for the codes that the claim is about and for UMAP of
    these; none for other experiments, and before the first clusters are known."""
    if not isinstance(result.parameters, Parameters):
        return []
    names = datasets.find(result.parameters.dataset).class_names
    own = result.parameters.judged
    found = []
    for space in ("pixels", own, f"UMAP of {own}"):
        task = f"{space.replace(' ', '-').lower()}-0"
        if f"{task}/table" in result.arrays:
            classes = [names[number] for number in result.arrays[f"{task}/classes"]]
            figure = _table(result.arrays[f"{task}/table"], classes)
            found.append((f"{space} + {TABLED[space]}", figure))
    return found


def _table(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """`counts`: images of each class (row) in each cluster (column)."""
    shares = [[100 * count / sum(line) for count in line] for line in counts]
    rows = [in_plotly(name) for name in classes]
    columns = [str(number + 1) for number in range(len(counts[0]))]
    cells = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": shares,
        "customdata": counts,
        "zmin": 0,
        "zmax": 100,
        "colorscale": SCALE,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "class %{y}, cluster %{x}: %{customdata} images<extra></extra>",
    }
    axis = {"type": "category", "showgrid": False, "ticks": "", "fixedrange": True}
    return {
        "data": [cells],
        "layout": {
            "height": 60 + ROW_HEIGHT * len(rows),
            "margin": {"l": 8, "r": 8, "t": 44, "b": 8},
            "showlegend": False,
            "xaxis": axis | {"side": "top", "title": {"text": "cluster"}},
            "yaxis": axis | {"autorange": "reversed", "automargin": True},
            "annotations": [
                {
                    "x": column,
                    "y": row,
                    "text": f"{share:.0f}",
                    "showarrow": False,
                    "bgcolor": "rgba(0, 0, 0, 0)",
                    "font": {"size": 12},
                }
                # places, as the name of a class may be a number
                for row, line in enumerate(shares)
                for column, share in enumerate(line)
                if share >= 1
            ],
        },
    }
