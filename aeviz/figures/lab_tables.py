"""Clusters against classes (`aeviz.experiments.clustering`), as Plotly figures: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aeviz import datasets
from aeviz.escaping import in_plotly
from aeviz.experiments.base import Result
from aeviz.experiments.clustering.parameters import TABLED, Parameters
from aeviz.figures.lab_cells import cells
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
    return cells(
        [str(number + 1) for number in range(len(counts[0]))],
        [in_plotly(name) for name in classes],
        shares,
        [[f"{share:.0f}" if share >= 1 else "" for share in line] for line in shares],
        counts,
        span=(0, 100),
        scale=SCALE,
        row_height=ROW_HEIGHT,
        hovertemplate="class %{y}, cluster %{x}: %{customdata} images",
        column_title="cluster",
    )
