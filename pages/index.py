"""Page settings and navigation: the list of pages, in the order of the bar."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_UI = _HERE.parent / "aeviz" / "ui"
_ICON = _UI / "icon.svg"

st.html(_UI / "page.css")
st.logo(str(_ICON))


def _page(name: str, icon: str, default: bool = False) -> st.Page:
    title, path = name.capitalize(), None if default else name
    icon = f":material/{icon}:"
    return st.Page(_HERE / f"{name}.py", title=title, icon=icon, url_path=path, default=default)


page = st.navigation(
    [
        _page("home", "home", default=True),
        _page("explore", "explore"),
        _page("train", "model_training"),
        _page("reconstruct", "compare"),
        _page("restore", "auto_fix_high"),
    ],
    position="top",
)
st.set_page_config(page_title=f"{page.title} · aeviz", page_icon=str(_ICON), layout="wide")
page.run()
