"""The photo tool: a Streamlit wrapper around `aeviz/web/darkroom/static`."""

from __future__ import annotations

from aeviz.ui.shared.component import component


def photo_tool() -> None:
    """The photo tool. It runs in the browser and over the photo routes, without reruns."""
    component("darkroom/static/darkroom.js", "styles/base.css", "darkroom/static/darkroom.css")(
        key="aeviz-darkroom", data={}
    )
