"""Page settings and navigation: the list of pages, in the order of the bar."""

from pathlib import Path

import streamlit as st

from aeviz.io.paths import WEB
from aeviz.server import garbage
from aeviz.ui.shared import person

_HERE = Path(__file__).parent
_ICON = WEB / "icon.svg"

st.html(WEB / "styles" / "page.css")
st.logo(str(_ICON))


def _page(name: str, default: bool = False) -> st.Page:
    """A page without an icon: Streamlit would load it from the internet for the browser's tab."""
    title, path = name.capitalize(), None if default else name
    return st.Page(_HERE / f"{name}.py", title=title, url_path=path, default=default)


page = st.navigation(
    [
        _page("home", default=True),
        _page("explore"),
        _page("train"),
        _page("runs"),
        _page("lab"),
        _page("reconstruct"),
        _page("restore"),
    ],
    position="top",
)
st.set_page_config(page_title=f"{page.title} · aeviz", page_icon=str(_ICON), layout="wide")
person.warn_nobody()
garbage.freeze_modules()
page.run()
