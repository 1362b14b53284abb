"""A Plotly figure that is updated in place (`aeviz/web/static/chart.js`)."""

from __future__ import annotations

from aeviz.figures.training import Figure
from aeviz.ui.shared.component import component


def chart(figure: Figure, testid: str, label: str) -> None:
    """Draws the figure, or updates the one with this `testid`.

    `label` describes the chart for screen readers.
    """
    data = {"figure": figure, "testid": testid, "label": label}
    component("static/chart.js", "styles/base.css")(
        key=testid, data=data, height=figure["layout"]["height"]
    )
