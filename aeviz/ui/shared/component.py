"""Streamlit components whose browser part is a module in `aeviz/web`."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

from aeviz.io.paths import WEB

# Streamlit takes inline JavaScript only. This loads the real module.
_SCRIPT = """
const module = import(new URL('aeviz/%s', document.baseURI).href);
export default (component) => {
  let left = false, end = () => {};
  module.then((m) => { if (!left) end = m.default(component); });
  return () => { left = true; end(); };
};
"""


@cache
def css(*files: str) -> str:
    """The design tokens, and these CSS files of `WEB` after them."""
    return "\n".join((WEB / file).read_text() for file in ("styles/tokens.css", *files))


@cache
def component(module: str, *styles: str) -> Any:
    """The component that runs this module ("static/home.js"); `styles` are CSS files in `WEB`."""
    folder, _, file = module.partition("/static/")  # "replay/static/player.js" is named "replay"
    name = folder if file else module.rpartition("/")[2].removesuffix(".js")
    return st.components.v2.component(
        f"aeviz_{name}", css=css(*styles), js=_SCRIPT % module, isolate_styles=False
    )
