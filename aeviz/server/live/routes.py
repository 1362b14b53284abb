"""The Starlette routes of the live explorer: one WebSocket per model, and what the page draws.

WS   /aeviz/live/{model}      codes in, pixels out (docs/live-protocol.md)
GET  /aeviz/models            the available models, as JSON
GET  /aeviz/gallery/{model}   coordinates, labels and codes of the gallery, packed; ?part=map
GET  /aeviz/sprite/{model}    the gallery's thumbnails, one image
GET  /aeviz/mixture/{model}   draws from a Gaussian mixture fitted to the gallery's codes
POST /aeviz/handwriting/{model}   find the character in a photograph
GET  /aeviz/live/stats        clients, batch sizes, latencies
GET  /aeviz/connection        how a request arrived (`diagnosis`)
GET  /aeviz/static/{file}     JavaScript and CSS;  /aeviz/plotly.min.js  Plotly, as installed
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from aeviz import limits
from aeviz.errors import UserError
from aeviz.server import http
from aeviz.server.assets import Files, live_file
from aeviz.server.diagnosis import Diagnosis
from aeviz.server.http import errors_as_sentences, whole_number
from aeviz.server.live import catalog
from aeviz.server.live.connection import LiveConnection, deliver
from aeviz.server.live.handwriting import Photos
from aeviz.server.live.stats import Stats
from aeviz.server.live.store import Load, ModelStore, OpenModel, Version
from aeviz.server.shares import Shares
from aeviz.server.sockets import SocketGuard

T = TypeVar("T")


class LiveServer:
    """The endpoints, with the models they share."""

    def __init__(
        self,
        allowed_origins: Collection[str] = (),
        load: Load = catalog.load,
        version: Version = catalog.version,
    ) -> None:
        self.stats = Stats()
        self.store = ModelStore(load, version, deliver, self.stats)
        self._guard = SocketGuard(
            allowed_origins,
            Shares(limits.SOCKETS),
        )
        self._files = Files()
        # Separate thread limits: forty requests for a slow gallery would fill the common pool.
        self._opening = CapacityLimiter(limits.SLOW_THREADS)
        self._making = CapacityLimiter(limits.SLOW_THREADS)
        self._memory = Shares(limits.REPLIES)
        self.photos = Photos(self.store, allowed_origins)

    async def live(self, socket: WebSocket) -> None:
        """Serve one client until it goes."""
        await self._guard.serve(socket, lambda: self._serve(socket))

    async def _serve(self, socket: WebSocket) -> None:
        client = LiveConnection(socket, self._memory)
        name = socket.path_params["model"]
        model = await run_sync(self.store.join, name, client, limiter=self._opening)
        try:
            await client.serve(model)
        finally:
            self.store.leave(model, client)

    async def gallery(self, request: Request) -> Response:
        """What the explorer draws before the first decode, packed (`gallery.pack`); with
        `part=map` only what a map needs."""
        model = await self._model(request)
        make = model.map if request.query_params.get("part") == "map" else model.gallery
        return (await self._run_slow(model, make)).respond(request)

    async def sprite(self, request: Request) -> Response:
        """The gallery's thumbnails as one image."""
        model = await self._model(request)
        return (await self._run_slow(model, model.sprite)).respond(request)

    async def mixture(self, request: Request) -> Response:
        """`n` codes drawn with `seed` from the mixture fitted to the gallery's (`mixture`)."""
        from aeviz.server.live.mixture import MAX_DRAWS, MAX_SEED  # imported late: it needs torch

        try:
            n = whole_number("n", request.query_params.get("n"), 32, MAX_DRAWS, low=1)
            seed = whole_number("seed", request.query_params.get("seed"), 0, MAX_SEED)
        except UserError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        model = await self._model(request)
        draws = await self._run_slow(model, lambda: model.mixture().draw(n, seed))
        return Response(draws, media_type="application/octet-stream")

    async def models(self, request: Request) -> Response:
        """The available models."""
        return JSONResponse(await run_in_threadpool(catalog.listing))

    async def live_stats(self, request: Request) -> Response:
        """Statistics of the server: clients, batch sizes, latencies, open models."""
        return JSONResponse(
            {
                "clients": self._guard.open_sockets,
                **self.stats.snapshot(),
                "open_models": self.store.names(),
            }
        )

    async def static(self, request: Request) -> Response:
        """A JavaScript or CSS file."""
        path = live_file(request.path_params["file"])
        if path is None:
            return Response("Not found", status_code=404, media_type="text/plain")
        return self._files.at(path).respond(request)

    async def plotly(self, request: Request) -> Response:
        """Plotly for the browser, from the installed Python package: nothing is downloaded."""
        return (await run_in_threadpool(self._files.at, plotly_path())).respond(request)

    async def _model(self, request: Request) -> OpenModel:
        return await run_sync(self.store.get, request.path_params["model"], limiter=self._opening)

    async def _run_slow(self, model: OpenModel, make: Callable[[], T]) -> T:
        """Run slow work on a model in a separate pool of threads. Further requests for the same
        model wait without a thread."""
        async with model.making:
            return await run_sync(make, limiter=self._making)


def routes(
    base_path: str = "", allowed_origins: Collection[str] = (), **models: Any
) -> list[BaseRoute]:
    """The routes under `base_path`, Streamlit's `server.baseUrlPath`.

    `allowed_origins` are further origins whose pages may open sockets, such as a proxy's. `models`
    may contain another `load` and `version` (see `store.ModelStore`).
    """
    server = LiveServer(allowed_origins, **models)
    if not models:
        threading.Thread(target=catalog.warm_up, name="warm-up", daemon=True).start()
    base = http.base(base_path)
    return [
        WebSocketRoute(f"{base}/aeviz/live/{{model}}", server.live),
        Route(f"{base}/aeviz/live/stats", server.live_stats),
        Route(f"{base}/aeviz/connection", Diagnosis(allowed_origins).connection),
        Route(f"{base}/aeviz/models", errors_as_sentences(server.models)),
        Route(f"{base}/aeviz/gallery/{{model}}", errors_as_sentences(server.gallery)),
        Route(f"{base}/aeviz/sprite/{{model}}", errors_as_sentences(server.sprite)),
        Route(f"{base}/aeviz/mixture/{{model}}", errors_as_sentences(server.mixture)),
        Route(f"{base}/aeviz/handwriting/{{model}}", server.photos.read, methods=["POST"]),
        Route(f"{base}/aeviz/static/{{file}}", server.static),
        Route(f"{base}/aeviz/plotly.min.js", server.plotly),
    ]


def plotly_path() -> Path:
    """`plotly.min.js` of the installed package, found without importing it."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise UserError("Plotly is not installed: run pip install -r requirements.txt.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
