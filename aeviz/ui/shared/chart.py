"""A Plotly figure that grows in place, drawn by `aeviz/web/static/chart.js`."""

from __future__ import annotations

from aeviz.figures.training import Figure
from aeviz.ui.shared.component import component


def chart(figure: Figure, testid: str, label: str) -> None:
    """Draws the figure; one that is already there under this `testid` takes on the new data.

    `label` says in words what the chart shows.
    """
    data = {"figure": figure, "testid": testid, "label": label}
    component("static/chart.js", "styles/base.css")(
        key=testid, data=data, height=figure["layout"]["height"]
    )
