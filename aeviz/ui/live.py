"""The live components: thin Streamlit wrappers around the browser half in `aeviz/live/static`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from aeviz.plots import CLASS_COLOURS

_CSS = (Path(__file__).parent.parent / "live" / "static" / "aeviz.css").read_text()


@cache
def _module(name: str) -> Any:
    """A component that runs `aeviz/live/static/{name}.js`.

    Components take inline JavaScript only; this much of it loads the real module.
    """
    script = (
        f"const module = import(new URL('aeviz/static/{name}.js', document.baseURI).href);\n"
        "export default (component) => {\n"
        "  let left = false, end = () => {};\n"
        "  module.then((m) => { if (!left) end = m.default(component); });\n"
        "  return () => { left = true; end(); };\n"
        "};"
    )
    return st.components.v2.component(f"aeviz_{name}", css=_CSS, js=script, isolate_styles=False)


def explorer(model: str) -> None:
    """The latent-space explorer of the model of this name."""
    _module("explorer")(key="aeviz-explorer", data={"model": model, "colours": CLASS_COLOURS})


def home(model: str) -> None:
    """The map and the image that follows the pointer, without controls."""
    _module("home")(key="aeviz-home", data={"model": model, "colours": CLASS_COLOURS})
