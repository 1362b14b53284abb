"""POST /aeviz/images: a person's own images in, as a parcel (docs/own-images.md); its id out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from aeviz import limits
from aeviz.darkroom.uploads import BusyError, Uploads
from aeviz.errors import UserError
from aeviz.intake import inbox
from aeviz.live.origin import Origins
from aeviz.live.visitors import visitor

PATH: Final = "aeviz/images"
MOST_REMEMBERED: Final = 10_000  # people


class Intake:
    """The endpoint; `allowed_origins` are further origins whose pages may send."""

    def __init__(self, allowed_origins: Collection[str] = ()) -> None:
        self._origins = Origins(allowed_origins)
        self._uploads = Uploads(inbox.folder(), limits.PARCEL)
        self._sent: dict[str, list[str]] = {}

    async def upload(self, request: Request) -> Response:
        """Streams the body to the disk; it is looked into later, by a thread."""
        if not self._origins.allow(request.headers, request.scope.get("scheme")):
            return _refused("This address is for the app's own pages.", 403)
        told = request.headers.get("content-length", "")
        try:
            if not told.isdigit() or len(told) > 15:
                raise UserError("Send the images with their length.")
            await run_in_threadpool(inbox.prepare, int(told))
            async with self._uploads.body(request) as body:
                name = await run_in_threadpool(inbox.keep, body)
            await run_in_threadpool(self._remember, visitor(request).person, name)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except UserError as error:
            return _refused(str(error), 503 if isinstance(error, BusyError) else 400)
        return JSONResponse({"id": name})

    def _remember(self, who: str, name: str) -> None:
        """The last uploads of a person wait; older ones make room."""
        sent = [*self._sent.pop(who, []), name]
        for older in sent[: -limits.WAITING_PARCELS_OF_PERSON]:
            inbox.forget(older)
        self._sent[who] = sent[-limits.WAITING_PARCELS_OF_PERSON :]
        while len(self._sent) > MOST_REMEMBERED:
            del self._sent[next(iter(self._sent))]


def _refused(sentence: str, status: int) -> Response:
    return JSONResponse({"error": sentence}, status_code=status)


def routes(base_path: str = "", allowed_origins: Collection[str] = ()) -> list[BaseRoute]:
    """The route, under `base_path` (as `server.baseUrlPath` has it)."""
    base = f"/{base_path.strip('/')}" if base_path.strip("/") else ""
    return [Route(f"{base}/{PATH}", Intake(allowed_origins).upload, methods=["POST"])]
