"""app.py with a route for `class_trains.py`: POST /benchmark/press does what the Train button does.

So the workers are children of the server, as in a class. Only for that benchmark, on one's own
machine: the route does not check who sends the request.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import signature

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.runs import spawn, store
from aeviz.server.live.routes import routes
from aeviz.server.preload import Preload
from aeviz.server.tcp_nodelay import at_once


async def press(request: Request) -> JSONResponse:
    """Train (`config`, `owner`), or Resume (`resume`, a run's id): returns the run's id."""
    asked = await request.json()
    try:
        return JSONResponse({"run": await run_in_threadpool(_press, asked)})
    except UserError as error:
        return JSONResponse({"error": str(error)}, 400)


def _press(asked: dict[str, str]) -> str:
    if "resume" in asked:
        run = store.find(asked["resume"])
        spawn.resume_run(run)
        return run.id
    # Without owners, runs start first come, first served, and the benchmark fails.
    owner = (asked["owner"],) if "owner" in signature(spawn.start).parameters else ()
    return spawn.start(RunConfig.from_json(asked["config"]), *owner).id


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    async with at_once(app):
        yield


app = st.App(
    "../pages/index.py",
    routes=[Route("/benchmark/press", press, methods=["POST"]), *routes()],
    middleware=[Middleware(Preload, base_path="")],
    lifespan=lifespan,
)
