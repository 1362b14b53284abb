"""HTML with drawings: `st.html` takes no SVG and does not know the theme's colours. And how a
stranger's words get into Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_STYLES = ("frames.css", "train.css", "own_images.css")
_CSS = "".join((_HERE / name).read_text() for name in _STYLES)

# Unchanged HTML is left alone, so that nothing blinks while the page refreshes itself.
_JS = """
export default ({ parentElement, data }) => {
  let root = parentElement.querySelector(':scope > .av');
  if (!root) {
    root = Object.assign(document.createElement('div'), { className: 'av' });
    parentElement.append(root);
  }
  root.dataset.testid = data.testid;
  if (root.shown !== data.html) {
    root.innerHTML = data.html;
    root.shown = data.html;
  }
};
"""


def markup(html: str, testid: str) -> None:
    """Shows HTML that aeviz made; every text in it must be escaped already."""
    _component()(key=testid, data={"html": html, "testid": testid})


def _component() -> Any:
    return st.components.v2.component("aeviz_markup", css=_CSS, js=_JS, isolate_styles=False)


def plain(text: str) -> str:
    """A stranger's words inside Markdown: shortened, and nothing in them is markup."""
    short = text if len(text) <= 80 else f"{text[:77]}..."
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-!|$:~^" else c for c in short)
