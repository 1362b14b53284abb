"""HTML with SVG drawings in the theme's colours, which `st.html` cannot show."""

from __future__ import annotations

from typing import Any

import streamlit as st

from aeviz.ui.shared.component import css

_CSS = css("styles/frames.css", "styles/train.css", "styles/own_images.css")

# HTML that has not changed stays in place, so that a page that refreshes itself does not flicker.
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
    """Shows HTML. Every text in it must be escaped already."""
    _component()(key=testid, data={"html": html, "testid": testid})


def _component() -> Any:
    return st.components.v2.component("aeviz_markup", css=_CSS, js=_JS, isolate_styles=False)
