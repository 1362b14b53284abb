"""A Plotly figure that is updated in place (`aeviz/web/static/chart.js`)."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aeviz.figures.training import Figure
from aeviz.ui.shared.component import component


def chart(
    figure: Figure, testid: str, label: str, on_click: Callable[[str], None] | None = None
) -> None:
    """Draws the figure, or updates the one with this `testid`.

    `label` describes the chart for screen readers. `on_click` gets the customdata of a point that
    is clicked. It comes from a browser, so it is not trusted.
    """

    def clicked() -> None:
        value = st.session_state[testid].get("clicked")
        if on_click is not None and isinstance(value, str):
            on_click(value)

    clicks = on_click is not None
    data = {"figure": figure, "testid": testid, "label": label, "clicks": clicks}
    more = {"on_clicked_change": clicked} if clicks else {}
    component("static/chart.js", "styles/base.css")(
        key=testid, data=data, height=figure["layout"]["height"], **more
    )
