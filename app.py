"""Start with `streamlit run app.py`: the pages, and the live routes beside them."""

import streamlit as st

from aeviz.live.routes import routes

app = st.App(
    "pages/index.py",
    routes=routes(st.get_option("server.baseUrlPath"), st.get_option("server.corsAllowedOrigins")),
)
