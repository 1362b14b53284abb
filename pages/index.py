"""Page settings and navigation: the list of pages, in the order of the sidebar."""

from pathlib import Path

import streamlit as st

st.set_page_config(page_title="aeviz", page_icon=":material/blur_on:", layout="wide")

_HERE = Path(__file__).parent
_PAGES = [
    st.Page(_HERE / "home.py", title="Home", icon=":material/home:", default=True),
    st.Page(_HERE / "explore.py", title="Explore", icon=":material/explore:", url_path="explore"),
]
for name, title, icon in [
    ("train", "Train", "model_training"),
    ("reconstruct", "Reconstruct", "compare"),
    ("restore", "Restore", "auto_fix_high"),
]:
    if (_HERE / f"{name}.py").is_file():
        page = st.Page(_HERE / f"{name}.py", title=title, icon=f":material/{icon}:", url_path=name)
        _PAGES.append(page)

st.navigation(_PAGES, position="top").run()
