"""The darkroom: a thin Streamlit wrapper around the photo tool in `aeviz/darkroom/static`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent.parent
_CSS = "\n".join(
    (_HERE / room / "static" / file).read_text()
    for room, file in (("live", "aeviz.css"), ("darkroom", "darkroom.css"))
)
# Components take inline JavaScript only; this much of it loads the real module.
_SCRIPT = """
const module = import(new URL('aeviz/darkroom/static/darkroom.js', document.baseURI).href);
export default (component) => {
  let left = false, end = () => {};
  module.then((m) => { if (!left) end = m.default(component); });
  return () => { left = true; end(); };
};
"""


def darkroom() -> None:
    """Photographs in, restored photographs out: all of it happens in the browser and over the photo
    routes, so nothing of it waits for a rerun."""
    _component()(key="aeviz-darkroom", data={})


@cache
def _component() -> Any:
    return st.components.v2.component("aeviz_darkroom", css=_CSS, js=_SCRIPT, isolate_styles=False)
