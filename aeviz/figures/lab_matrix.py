"""Trained on one kind of image, tested on another (`aeviz.experiments.compression`), as a Plotly
figure: plain data."""

from __future__ import annotations

import math
from typing import Final

from aeviz.escaping import in_plotly
from aeviz.experiments.base import Result
from aeviz.experiments.statistics import interval
from aeviz.figures.lab_cells import cells
from aeviz.figures.training import Figure

TITLE: Final = "Trained on one kind of image, tested on another"
NOTE: Final = (
    "Error as a multiple of the error of PCA that is fitted to the tested kind, with as many bits. "
    "Below 1 (green) the code is better than that PCA, above 1 (orange) it is worse."
)
ROW_HEIGHT: Final = 44
STRONGEST: Final = math.log(5)
"""Of the logarithm of the ratio; cells beyond it have the same colour."""
SCALE: Final = (
    (0.0, "rgba(68, 170, 153, 0.7)"),
    (0.5, "rgba(68, 170, 153, 0.06)"),
    (0.5, "rgba(238, 119, 51, 0.06)"),
    (1.0, "rgba(238, 119, 51, 0.7)"),
)
"""Transparent, so that the text has the colour of the page's text in light and dark."""


def matrix(result: Result) -> Figure | None:
    """The mean ratio of all seeds in each cell: a row is a trained codec, a column the kind of
    image that it was tested on. None before there is one."""
    kinds = result.values("tested_on")
    arms = [arm for arm in result.values("arm") if result.of("ratio", arm=arm)]
    if not kinds:
        return None
    ratios = [
        [interval(result.of("ratio", arm=arm, tested_on=kind)).mean for kind in kinds]
        for arm in arms
    ]
    return cells(
        [in_plotly(kind).replace(" ", "<br>", 1) for kind in kinds],
        [in_plotly(arm).replace(", ", ",<br>", 1) for arm in arms],
        [[_colour(ratio) for ratio in line] for line in ratios],
        [[f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}" for ratio in line] for line in ratios],
        ratios,
        span=(-1, 1),
        scale=SCALE,
        row_height=ROW_HEIGHT,
        hovertemplate="%{y}, tested on %{x}: %{customdata:.3g}",
    )


def _colour(ratio: float) -> float:
    """From -1 to 1; 0 for a ratio of 1."""
    return max(-1.0, min(1.0, math.log(max(ratio, 1e-9)) / STRONGEST))
