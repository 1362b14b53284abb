"""Start with `streamlit run app.py`: the pages, and the live routes beside them."""

import streamlit as st
from starlette.middleware import Middleware

from aeviz.live.front import Front
from aeviz.live.nodelay import at_once
from aeviz.live.routes import routes

base_path = st.get_option("server.baseUrlPath")
app = st.App(
    "pages/index.py",
    routes=routes(base_path, st.get_option("server.corsAllowedOrigins")),
    middleware=[Middleware(Front, base_path=base_path)],
    lifespan=at_once,
)
