"""Start with `streamlit run app.py`: the pages, and the live and photo routes."""

import streamlit as st
from starlette.middleware import Middleware

from aeviz.darkroom import routes as darkroom
from aeviz.live import routes as live
from aeviz.live.front import Front
from aeviz.live.nodelay import at_once

base_path = st.get_option("server.baseUrlPath")
allowed_origins = st.get_option("server.corsAllowedOrigins")
app = st.App(
    "pages/index.py",
    routes=[
        *live.routes(base_path, allowed_origins),
        *darkroom.routes(base_path, allowed_origins),
    ],
    middleware=[Middleware(Front, base_path=base_path)],
    lifespan=at_once,
)
