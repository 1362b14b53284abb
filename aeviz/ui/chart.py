"""A Plotly figure that grows in place, drawn by `aeviz/live/static/chart.js`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from aeviz.plots_training import Figure

_CSS = (Path(__file__).parent.parent / "live" / "static" / "aeviz.css").read_text()

_JS = """
const module = import(new URL('aeviz/static/chart.js', document.baseURI).href);
export default (component) => {
  let left = false, end = () => {};
  module.then((m) => { if (!left) end = m.default(component); });
  return () => { left = true; end(); };
};
"""


def chart(figure: Figure, testid: str, label: str) -> None:
    """Draws the figure; one that is already there under this `testid` takes on the new data.

    `label` says in words what the chart shows.
    """
    data = {"figure": figure, "testid": testid, "label": label}
    _component()(key=testid, data=data, height=figure["layout"]["height"])


def _component() -> Any:
    return st.components.v2.component("aeviz_chart", css=_CSS, js=_JS, isolate_styles=False)
