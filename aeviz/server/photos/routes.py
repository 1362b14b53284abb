"""The Starlette routes of the darkroom; docs/photo-protocol.md has the whole of it.

POST   /aeviz/darkroom/photos                  a photo in, damaged on the way where that is asked
PUT    /aeviz/darkroom/photos/{id}/reference   the clean one to compare with;  .../mask  the holes
GET    /aeviz/darkroom/photos/{id}/before      the photo as a browser shows it;  .../mask
DELETE /aeviz/darkroom/photos/{id}
WS     /aeviz/darkroom/work                    photos restored, tile by tile
GET    /aeviz/darkroom/results/{id}            the PNG to keep;  .../view .../difference .../scores
POST   /aeviz/darkroom/zip                     many of them
GET    /aeviz/darkroom/tasks                   what can be done;  .../samples  .../samples/{name}
GET    /aeviz/darkroom/static/{file}           the browser half
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar
from urllib.parse import quote

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from aeviz import limits
from aeviz.errors import UnsureError, UserError
from aeviz.io.paths import WEB
from aeviz.server import http
from aeviz.server.assets import Files, live_file
from aeviz.server.http import Endpoint
from aeviz.server.photos import params, samples
from aeviz.server.photos.connection import PhotoConnection
from aeviz.server.photos.store import GoneError, Store
from aeviz.server.photos.worker import PhotoJob, Worker, lower_priority
from aeviz.server.shares import Shares
from aeviz.server.sockets import SocketGuard
from aeviz.server.uploads import CHUNK, BusyError, TooLargeError, Uploads

if TYPE_CHECKING:
    from aeviz.server.photos.jobs import Load
    from aeviz.server.photos.service import PhotoService, Picture

STATIC: Final = WEB / "darkroom" / "static"
MAX_UPLOAD: Final = 320 << 20  # `images.MAX_BYTES`, without what that imports
MAX_WISHES: Final = 1 << 20  # bytes that say what a zip is to hold
PICTURE_THREADS: Final = 2

T = TypeVar("T")
_HEADERS: Final = {
    "Cache-Control": "private, max-age=3600",
    "Content-Encoding": "identity",  # so that no middleware compresses a PNG again
    "X-Content-Type-Options": "nosniff",
}


class ForeignError(UserError):
    """A page of another origin asks."""


class PhotoServer:
    """The endpoints, with the photos and the worker that they share.

    `allowed_origins` are further origins whose pages may ask, such as a proxy's; `load` another way
    to find a restorer by its name. To be closed; the end of the process does that, too.
    """

    def __init__(self, allowed_origins: Collection[str] = (), load: Load | None = None) -> None:
        self.store = Store()
        self.worker = Worker()
        self._load = load
        self._door = SocketGuard(
            allowed_origins,
            Shares(limits.PHOTO_SOCKETS),
        )
        self._uploads = Uploads(self.store.folder, MAX_UPLOAD)
        self._wishes = Uploads(self.store.folder, MAX_WISHES)
        # Few at once, for each may hold a photo of 50 megapixels; the others wait on the disk. Two
        # pools, so that what is looked at never waits for a folder that is dropped.
        self._coming = ThreadPoolExecutor(PICTURE_THREADS, "darkroom-in", lower_priority)
        self._going = ThreadPoolExecutor(PICTURE_THREADS, "darkroom-out", lower_priority)
        self._files = Files()
        atexit.register(self.close)

    def close(self) -> None:
        """End the threads and remove all photos."""
        atexit.unregister(self.close)
        self.worker.close()
        self._coming.shutdown(cancel_futures=True)
        self._going.shutdown(cancel_futures=True)
        self.store.close()

    @cached_property
    def studio(self) -> PhotoService:
        """What works on photos; for a thread, as it imports what takes seconds."""
        from aeviz.server.photos.service import PhotoService

        return PhotoService(self.store, self._load)

    # ---- photos in -----------------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        """A new photo."""
        name = request.query_params.get("name", "photo")[-400:]
        damage = params.damage(request.query_params)
        stretch = params.flag("stretch", request.query_params)
        return await self._taken_in(
            request, lambda body: self.studio.take_in(body, name, damage, stretch)
        )

    async def reference(self, request: Request) -> Response:
        """The clean photo to compare with."""
        photo = _id(request)
        return await self._taken_in(request, lambda body: self.studio.set_reference(photo, body))

    async def set_mask(self, request: Request) -> Response:
        """Where the holes are."""
        photo = _id(request)
        sure = params.flag("sure", request.query_params)
        return await self._taken_in(request, lambda body: self.studio.set_mask(photo, body, sure))

    async def drop(self, request: Request) -> Response:
        """Forget a photo."""
        await run_in_threadpool(self.store.drop, _id(request))
        return JSONResponse({})

    # ---- pictures out --------------------------------------------------------------------------

    async def before(self, request: Request) -> Response:
        """The photo as a browser shows it."""
        return _file(await self._in_thread(lambda: self.studio.before(_id(request))))

    async def mask(self, request: Request) -> Response:
        """The photo's mask."""
        data = await self._in_thread(lambda: self.studio.mask(_id(request)))
        return Response(
            data, media_type="image/png", headers={**_HEADERS, "Cache-Control": "no-store"}
        )

    async def result(self, request: Request) -> Response:
        """A result to keep."""
        strength = _strength(request)
        return _file(await self._in_thread(lambda: self.studio.result(_id(request), strength)))

    async def view(self, request: Request) -> Response:
        """A result as a browser shows it."""
        strength = _strength(request)
        return _file(await self._in_thread(lambda: self.studio.view(_id(request), strength)))

    async def difference(self, request: Request) -> Response:
        """How far a result is from its photo."""
        strength = _strength(request)
        return _file(await self._in_thread(lambda: self.studio.difference(_id(request), strength)))

    async def scores(self, request: Request) -> Response:
        """A result's PSNR and SSIM, or null."""
        strength = _strength(request)
        return JSONResponse(
            await self._in_thread(lambda: self.studio.scores(_id(request), strength))
        )

    async def zip(self, request: Request) -> Response:
        """Many results as one file."""
        async with self._wishes.body(request) as body:
            data = await run_in_threadpool(body.read_bytes)
        wanted = params.zipped(data, request.headers.get("content-type", ""))
        for result, _ in wanted:
            self.store.get(result)  # all are there
        headers = {**_HEADERS, "Content-Disposition": 'attachment; filename="restored.zip"'}
        return StreamingResponse(
            self._zipped(wanted), media_type="application/zip", headers=headers
        )

    async def _zipped(self, wanted: list[tuple[str, int]]) -> AsyncIterator[bytes]:
        from aeviz.server.photos.zip_stream import ZipStream

        stream = ZipStream()
        with self.store.pinned(result for result, _ in wanted):
            for result, strength in wanted:
                picture = await self._in_thread(partial(self.studio.result, result, strength))
                async for data in iterate_in_threadpool(stream.add(picture.name, picture.file)):
                    yield data
        yield stream.end()

    # ---- work ----------------------------------------------------------------------------------

    async def work(self, socket: WebSocket) -> None:
        """Serve one page until it goes."""
        await self._door.serve(
            socket, lambda: PhotoConnection(socket, self.worker, self._job).serve()
        )

    def _job(self, client: PhotoConnection, number: int, message: dict[str, Any]) -> PhotoJob:
        return self.studio.job(client, number, message)

    async def tasks(self, request: Request) -> Response:
        """What can be done to a photo here."""
        return JSONResponse(await self._in_thread(_tasks))

    def routes(self, base_path: str = "") -> list[BaseRoute]:
        """The routes, under `base_path` (as `server.baseUrlPath` has it)."""
        base = http.base(base_path)
        base += "/aeviz/darkroom"

        def route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
            return Route(f"{base}/{path}", self._plainly(endpoint), methods=[method])

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
            route("samples", samples.listed),
            route("samples/{name}", samples.sent),
        ]

    async def static(self, request: Request) -> Response:
        """A file of the browser half."""
        path = live_file(request.path_params["file"], STATIC)
        if path is None:
            return Response("Not found", status_code=404, media_type="text/plain")
        asset = self._files.known(path)
        if asset is None:
            asset = await run_in_threadpool(self._files.at, path)
        return asset.respond(request)

    # ---- parts ---------------------------------------------------------------------------------

    async def _taken_in(self, request: Request, work: Callable[[Path], dict[str, Any]]) -> Response:
        """What `work` says of the request's body."""
        async with self._uploads.body(request) as body:
            loop = asyncio.get_running_loop()
            return JSONResponse(await loop.run_in_executor(self._coming, work, body))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._going, work)

    def _plainly(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint` for our own pages alone, with what goes wrong told as a sentence."""

        async def answer(request: Request) -> Response:
            try:
                if not self._door.origins.allow(request.headers, request.scope.get("scheme")):
                    raise ForeignError("This address is for the app's own pages.")
                return await endpoint(request)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            except UserError as error:
                return JSONResponse({"error": str(error)}, status_code=_status(error))

        return answer


def _tasks() -> list[dict[str, Any]]:
    from aeviz.server.photos import catalog  # imported late, in a thread: it needs torch

    return catalog.tasks()


def _id(request: Request) -> str:
    return request.path_params["id"]


def _strength(request: Request) -> int:
    return params.strength(request.query_params.get("strength"))


def _file(picture: Picture) -> Response:
    headers = {**_HEADERS, "Content-Length": str(os.fstat(picture.file.fileno()).st_size)}
    if picture.name:
        headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(picture.name)}"
    return StreamingResponse(_chunks(picture.file), headers=headers, media_type=picture.media_type)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while data := file.read(CHUNK):
            yield data


def _status(error: UserError) -> int:
    kinds = {
        GoneError: 404,
        ForeignError: 403,
        UnsureError: 409,
        TooLargeError: 413,
        BusyError: 503,
    }
    return next((status for kind, status in kinds.items() if isinstance(error, kind)), 400)
