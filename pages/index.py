"""Page settings and navigation: the list of pages, in the order of the bar."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_ICON = _HERE.parent / "aeviz" / "ui" / "icon.svg"

st.set_page_config(page_title="aeviz", page_icon=str(_ICON), layout="wide")
st.html(
    "<style>"
    ".stMainBlockContainer{padding:4.5rem max(1rem,3vw) 3rem;max-width:1440px}"
    ".stPageLink a{padding-left:0}"
    "</style>"
)
st.logo(str(_ICON))

_PAGES = [
    st.Page(_HERE / "home.py", title="Home", icon=":material/home:", default=True),
    st.Page(_HERE / "explore.py", title="Explore", icon=":material/explore:", url_path="explore"),
]
for name, icon in [
    ("train", "model_training"),
    ("reconstruct", "compare"),
    ("restore", "auto_fix_high"),
]:
    if (_HERE / f"{name}.py").is_file():
        page = st.Page(
            _HERE / f"{name}.py",
            title=name.capitalize(),
            icon=f":material/{icon}:",
            url_path=name,
        )
        _PAGES.append(page)

st.navigation(_PAGES, position="top").run()
