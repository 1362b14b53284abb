"""POST /aeviz/images: upload one's own images in one body, get an id (docs/own-images.md)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from aeviz import limits
from aeviz.dataset_import import spool
from aeviz.errors import UserError
from aeviz.server import http
from aeviz.server.dataset_uploads.waiting import Waiting
from aeviz.server.origins import Origins
from aeviz.server.uploads import BusyError, Uploads
from aeviz.server.visitors import visitor

PATH: Final = "aeviz/images"


class DatasetUploads:
    """The endpoint; `allowed_origins` are further origins whose pages may send."""

    def __init__(self, allowed_origins: Collection[str] = ()) -> None:
        self._origins = Origins(allowed_origins)
        self._uploads = Uploads(spool.folder(), limits.DATASET_UPLOAD)
        self._waiting = Waiting()

    async def upload(self, request: Request) -> Response:
        """Write the body to disk; a thread reads it later."""
        if not self._origins.allow(request.headers, request.scope.get("scheme")):
            return _refused("This address is for the app's own pages.", 403)
        length = request.headers.get("content-length", "")
        try:
            if not length.isdigit() or len(length) > 15:
                raise UserError("Content-Length is required.")
            name = await self._save(request, int(length))
        except ClientDisconnect:
            return Response(status_code=400)  # the client has left
        except UserError as error:
            return _refused(str(error), 503 if isinstance(error, BusyError) else 400)
        return JSONResponse({"id": name})

    async def _save(self, request: Request, size: int) -> str:
        """Stream the body to disk; returns its id."""
        await run_in_threadpool(spool.prepare, size)
        name = await run_in_threadpool(self._waiting.accept, visitor(request), size)
        try:
            async with self._uploads.body(request) as body:
                await run_in_threadpool(spool.keep, body, name)
        finally:
            self._waiting.end(name)
        return name


def _refused(sentence: str, status: int) -> Response:
    return JSONResponse({"error": sentence}, status_code=status)


def routes(base_path: str = "", allowed_origins: Collection[str] = ()) -> list[BaseRoute]:
    """The route under `base_path`, Streamlit's `server.baseUrlPath`."""
    base = http.base(base_path)
    return [Route(f"{base}/{PATH}", DatasetUploads(allowed_origins).upload, methods=["POST"])]
