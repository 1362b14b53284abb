"""Start with `streamlit run app.py`: the pages, and the live, photo, replay and image routes."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from aeviz.darkroom.routes import Darkroom
from aeviz.intake import routes as intake
from aeviz.live.budgets import Budgets
from aeviz.live.cookie import Cookie
from aeviz.live.front import Front
from aeviz.live.nodelay import at_once
from aeviz.live.routes import routes
from aeviz.replay.routes import Replay
from aeviz.teacher import TEACHERS
from aeviz.training.heap import return_large_pieces
from aeviz.ui.page_uploads import held

return_large_pieces()
base_path = st.get_option("server.baseUrlPath")
allowed_origins = st.get_option("server.corsAllowedOrigins")
darkroom = Darkroom(allowed_origins)


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """What holds while the app is served."""
    print(f"  The teacher's code, for the Runs page: {TEACHERS.code}\n", file=sys.stderr)
    async with at_once(app):
        yield
    darkroom.close()


app = st.App(
    "pages/index.py",
    routes=[
        *routes(base_path, allowed_origins),
        *darkroom.routes(base_path),
        *Replay().routes(base_path),
        *intake.routes(base_path, allowed_origins),
    ],
    middleware=[
        Middleware(Budgets, held=held),
        Middleware(Cookie, base_path=base_path),
        Middleware(Front, base_path=base_path),
    ],
    lifespan=lifespan,
)
