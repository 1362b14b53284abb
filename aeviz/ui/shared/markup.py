"""HTML with drawings: `st.html` takes no SVG and does not know the theme's colours. And the
sentence of a UserError."""

from __future__ import annotations

from typing import Any

import streamlit as st

from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.ui.shared.component import css

_CSS = css("styles/frames.css", "styles/train.css", "styles/own_images.css")

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


def problem(error: UserError | str) -> None:
    """Shows a UserError's sentence, which may quote what somebody wrote."""
    st.error(in_markdown(str(error), None), icon=":material/error:")
