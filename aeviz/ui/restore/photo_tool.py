"""The darkroom: a thin Streamlit wrapper around the photo tool in `aeviz/web/darkroom/static`."""

from __future__ import annotations

from aeviz.ui.shared.component import component


def darkroom() -> None:
    """Photographs in, restored photographs out: all of it happens in the browser and over the photo
    routes, so nothing of it waits for a rerun."""
    component("darkroom/static/darkroom.js", "styles/base.css", "darkroom/static/darkroom.css")(
        key="aeviz-darkroom", data={}
    )
