"""Entry point of `streamlit run app.py`: the pages and the routes beside them."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from aeviz.io.malloc import return_large_blocks
from aeviz.server.budgets import Budgets
from aeviz.server.cookies import Cookie
from aeviz.server.dataset_uploads import routes as dataset_uploads
from aeviz.server.headers import SecurityHeaders
from aeviz.server.hosts import Hosts
from aeviz.server.live.routes import routes
from aeviz.server.photos.routes import PhotoServer
from aeviz.server.preload import Preload
from aeviz.server.proxy import Visitors
from aeviz.server.replay.routes import Replay
from aeviz.server.tcp_nodelay import at_once
from aeviz.teacher import TEACHERS
from aeviz.ui.shared.page_uploads import held

return_large_blocks()
base_path = st.get_option("server.baseUrlPath")
allowed_origins = st.get_option("server.corsAllowedOrigins")
photos = PhotoServer(allowed_origins)


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Around the time in which the app is served."""
    print(f"  The teacher's code, for the Runs page: {TEACHERS.code}\n", file=sys.stderr)
    async with at_once(app):
        yield
    photos.close()


app = st.App(
    "pages/index.py",
    routes=[
        *routes(base_path, allowed_origins),
        *photos.routes(base_path),
        *Replay().routes(base_path),
        *dataset_uploads.routes(base_path, allowed_origins),
    ],
    middleware=[
        Middleware(Visitors),
        Middleware(SecurityHeaders),
        Middleware(Hosts, allowed_origins=allowed_origins, base_path=base_path),
        Middleware(Budgets, held=held),
        Middleware(Cookie, base_path=base_path),
        Middleware(Preload, base_path=base_path),
    ],
    lifespan=lifespan,
)
