"""The Starlette routes for restoring photographs; see docs/photo-protocol.md.

POST   /aeviz/darkroom/photos                  upload a photo, degraded on request
PUT    /aeviz/darkroom/photos/{id}/reference   the clean photo to compare with;  .../mask  the holes
GET    /aeviz/darkroom/photos/{id}/before      the photo as a browser shows it;  .../mask
DELETE /aeviz/darkroom/photos/{id}
WS     /aeviz/darkroom/work                    restore photos, tile by tile
GET    /aeviz/darkroom/results/{id}            the PNG;  .../view  .../difference  .../scores
POST   /aeviz/darkroom/zip                     several results in one archive
GET    /aeviz/darkroom/tasks                   the tasks;  .../samples  .../samples/{name}
GET    /aeviz/darkroom/static/{file}           JavaScript and CSS
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from aeviz import limits
from aeviz.errors import UserError
from aeviz.io.paths import WEB
from aeviz.io.priority import lower_thread
from aeviz.server import http
from aeviz.server.assets import Files, live_file
from aeviz.server.http import Endpoint
from aeviz.server.photos import params, samples
from aeviz.server.photos.connection import PhotoConnection
from aeviz.server.photos.responses import HEADERS, ForeignError, error_response, file_response
from aeviz.server.photos.store import Store
from aeviz.server.photos.worker import PhotoJob, Worker
from aeviz.server.shares import Shares
from aeviz.server.sockets import SocketGuard
from aeviz.server.uploads import Uploads

if TYPE_CHECKING:
    from aeviz.server.photos.jobs import Load
    from aeviz.server.photos.service import PhotoService

STATIC: Final = WEB / "darkroom" / "static"
MAX_UPLOAD: Final = 320 << 20  # `images.MAX_BYTES`, without its slow import
MAX_ZIP_REQUEST: Final = 1 << 20  # bytes of the list of results for a ZIP archive
PICTURE_THREADS: Final = 2

T = TypeVar("T")


class PhotoServer:
    """The endpoints, with the photos and the worker that they share.

    `allowed_origins` are further origins whose pages may connect, such as a proxy's; `load`
    replaces the function that loads a restorer by its name. Call `close` at the end; the end of the
    process does that, too.
    """

    def __init__(self, allowed_origins: Collection[str] = (), load: Load | None = None) -> None:
        self.store = Store()
        self.worker = Worker()
        self._load = load
        self._guard = SocketGuard(
            allowed_origins,
            Shares(limits.PHOTO_SOCKETS),
        )
        self._uploads = Uploads(self.store.folder, MAX_UPLOAD)
        self._zip_requests = Uploads(self.store.folder, MAX_ZIP_REQUEST)
        # Few threads, as each may hold a photo of 50 megapixels; further uploads wait on disk. Two
        # pools, so that viewing a photo never waits for a folder of uploads.
        self._upload_threads = ThreadPoolExecutor(PICTURE_THREADS, "darkroom-in", lower_thread)
        self._view_threads = ThreadPoolExecutor(PICTURE_THREADS, "darkroom-out", lower_thread)
        self._files = Files()
        atexit.register(self.close)

    def close(self) -> None:
        """End the threads and remove all photos."""
        atexit.unregister(self.close)
        self.worker.close()
        self._upload_threads.shutdown(cancel_futures=True)
        self._view_threads.shutdown(cancel_futures=True)
        self.store.close()

    @cached_property
    def service(self) -> PhotoService:
        """The service that works on photos; use it in a thread only, as it imports PyTorch."""
        from aeviz.server.photos.service import PhotoService

        return PhotoService(self.store, self._load)

    # ---- photos in -----------------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        """A new photo."""
        name = request.query_params.get("name", "photo")[-400:]
        damage = params.damage(request.query_params)
        stretch = params.flag("stretch", request.query_params)
        return await self._with_body(
            request, lambda body: self.service.upload(body, name, damage, stretch)
        )

    async def reference(self, request: Request) -> Response:
        """The clean photo to compare with."""
        photo = _id(request)
        return await self._with_body(request, lambda body: self.service.set_reference(photo, body))

    async def set_mask(self, request: Request) -> Response:
        """Where the holes are."""
        photo = _id(request)
        sure = params.flag("sure", request.query_params)
        return await self._with_body(request, lambda body: self.service.set_mask(photo, body, sure))

    async def drop(self, request: Request) -> Response:
        """Delete a photo."""
        await run_in_threadpool(self.store.drop, _id(request))
        return JSONResponse({})

    # ---- pictures out --------------------------------------------------------------------------

    async def before(self, request: Request) -> Response:
        """The photo as a browser shows it."""
        return file_response(await self._in_thread(lambda: self.service.before(_id(request))))

    async def mask(self, request: Request) -> Response:
        """The photo's mask."""
        data = await self._in_thread(lambda: self.service.mask(_id(request)))
        return Response(
            data, media_type="image/png", headers={**HEADERS, "Cache-Control": "no-store"}
        )

    async def result(self, request: Request) -> Response:
        """A result to download."""
        strength = _strength(request)
        return file_response(
            await self._in_thread(lambda: self.service.result(_id(request), strength))
        )

    async def view(self, request: Request) -> Response:
        """A result as a browser shows it."""
        strength = _strength(request)
        return file_response(
            await self._in_thread(lambda: self.service.view(_id(request), strength))
        )

    async def difference(self, request: Request) -> Response:
        """The difference of a result and its photo."""
        strength = _strength(request)
        return file_response(
            await self._in_thread(lambda: self.service.difference(_id(request), strength))
        )

    async def scores(self, request: Request) -> Response:
        """A result's PSNR and SSIM, or null."""
        strength = _strength(request)
        return JSONResponse(
            await self._in_thread(lambda: self.service.scores(_id(request), strength))
        )

    async def zip(self, request: Request) -> Response:
        """Several results in one ZIP archive."""
        async with self._zip_requests.body(request) as body:
            data = await run_in_threadpool(body.read_bytes)
        wanted = params.zip_entries(data, request.headers.get("content-type", ""))
        for result, _ in wanted:
            self.store.get(result)  # GoneError if one does not exist
        headers = {**HEADERS, "Content-Disposition": 'attachment; filename="restored.zip"'}
        return StreamingResponse(
            self._zip_chunks(wanted), media_type="application/zip", headers=headers
        )

    async def _zip_chunks(self, wanted: list[tuple[str, int]]) -> AsyncIterator[bytes]:
        from aeviz.server.photos.zip_stream import ZipStream

        stream = ZipStream()
        with self.store.pinned(result for result, _ in wanted):
            for result, strength in wanted:
                picture = await self._in_thread(partial(self.service.result, result, strength))
                async for data in iterate_in_threadpool(stream.add(picture.name, picture.file)):
                    yield data
        yield stream.end()

    # ---- work ----------------------------------------------------------------------------------

    async def work(self, socket: WebSocket) -> None:
        """Serve one page until it leaves."""
        await self._guard.serve(
            socket, lambda: PhotoConnection(socket, self.worker, self._job).serve()
        )

    def _job(self, client: PhotoConnection, number: int, message: dict[str, Any]) -> PhotoJob:
        return self.service.job(client, number, message)

    async def tasks(self, request: Request) -> Response:
        """The restoration tasks."""
        return JSONResponse(await self._in_thread(_tasks))

    def routes(self, base_path: str = "") -> list[BaseRoute]:
        """The routes under `base_path`, Streamlit's `server.baseUrlPath`."""
        base = f"{http.base(base_path)}/aeviz/darkroom"

        def route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
            return Route(f"{base}/{path}", self._for_own_pages(endpoint), methods=[method])

        return [
            WebSocketRoute(f"{base}/work", self.work),
            route("photos", self.upload, "POST"),
            route("photos/{id}", self.drop, "DELETE"),
            route("photos/{id}/reference", self.reference, "PUT"),
            route("photos/{id}/mask", self.set_mask, "PUT"),
            route("photos/{id}/mask", self.mask),
            route("photos/{id}/before", self.before),
            route("results/{id}", self.result),
            route("results/{id}/view", self.view),
            route("results/{id}/difference", self.difference),
            route("results/{id}/scores", self.scores),
            route("zip", self.zip, "POST"),
            route("tasks", self.tasks),
            Route(f"{base}/static/{{file}}", self.static),
            route("samples", samples.send_list),
            route("samples/{name}", samples.send_sample),
        ]

    async def static(self, request: Request) -> Response:
        """A JavaScript or CSS file."""
        path = live_file(request.path_params["file"], STATIC)
        if path is None:
            return Response("Not found", status_code=404, media_type="text/plain")
        asset = self._files.cached(path)
        if asset is None:
            asset = await run_in_threadpool(self._files.at, path)
        return asset.respond(request)

    # ---- parts ---------------------------------------------------------------------------------

    async def _with_body(
        self, request: Request, work: Callable[[Path], dict[str, Any]]
    ) -> Response:
        """The result of `work` on the request's body, as JSON."""
        async with self._uploads.body(request) as body:
            loop = asyncio.get_running_loop()
            return JSONResponse(await loop.run_in_executor(self._upload_threads, work, body))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._view_threads, work)

    def _for_own_pages(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint`, for our own pages only, with errors as sentences."""

        async def respond(request: Request) -> Response:
            try:
                if not self._guard.origins.allow(request.headers, request.scope.get("scheme")):
                    raise ForeignError("This address is for the app's own pages.")
                return await endpoint(request)
            except ClientDisconnect:
                return Response(status_code=400)  # the client has left
            except UserError as error:
                return error_response(error)

        return respond


def _tasks() -> list[dict[str, Any]]:
    from aeviz.server.photos import catalog  # imported late, in a thread: it needs torch

    return catalog.tasks()


def _id(request: Request) -> str:
    return request.path_params["id"]


def _strength(request: Request) -> int:
    return params.strength(request.query_params.get("strength"))
