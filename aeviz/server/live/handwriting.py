"""POST /aeviz/handwriting/MODEL: find the character in a photograph, and draw it in the style of
the model's images."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from aeviz import limits
from aeviz.errors import UserError
from aeviz.server.live.store import ModelStore
from aeviz.server.origins import Origins
from aeviz.server.shares import Shares
from aeviz.server.visitors import visitor

if TYPE_CHECKING:
    from aeviz.handwriting import Box, Reading, Style

MAX_BYTES: Final = 4 << 20
MAX_PIXELS: Final = 4_000_000
"""Enough, since the browser shrinks photographs first."""
BODY_SECONDS: Final = 60.0


class Photos:
    """The endpoint, for the models of `store`."""

    def __init__(self, store: ModelStore, allowed_origins: Collection[str] = ()) -> None:
        self._store = store
        self._origins = Origins(allowed_origins)
        self._bodies = Shares(limits.UPLOADS)
        self._places = asyncio.Semaphore(limits.DIGITS_AT_ONCE)

    async def read(self, request: Request) -> Response:
        """Read the character in the body, an image file; `?frame=` gives its place: left, top,
        right and bottom as fractions of the image's sides."""
        if not self._origins.allow(request.headers, request.scope.get("scheme")):
            return _refused("This address is for the app's own pages.", 403)
        try:
            frame = _frame(request.query_params.get("frame"))
            model = await run_in_threadpool(self._store.get, request.path_params["model"])
            who = visitor(request)
            if not self._bodies.take(who):
                return _refused("Too many photographs are being read: try again in a minute.", 503)
            try:
                body = await _body(request)
                async with self._places:
                    return JSONResponse(await run_in_threadpool(_read, body, model.style, frame))
            finally:
                self._bodies.give_back(who)
        except ClientDisconnect:
            return Response(status_code=400)  # the client has left
        except UserError as error:
            return _refused(str(error), 400)


def _read(body: bytes, style_of: Any, frame: tuple[float, ...] | None) -> dict[str, Any]:
    from aeviz import handwriting, images  # imported late: they need torch

    style: Style | None = style_of()
    if style is None:
        raise UserError("This model was not trained on handwriting: send the whole image.")
    pixels = images.decode(body, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES).pixels
    box = None if frame is None else handwriting.Box(*frame)
    reading: Reading = handwriting.read(pixels, style, box)
    image = reading.image
    return {
        "image": None if image is None else base64.b64encode(image.tobytes()).decode(),
        "frame": None if reading.frame is None else _sides(reading.frame),
        "found": [_sides(box) for box in reading.found],
    }


def _sides(box: Box) -> list[float]:
    return [round(float(side), 5) for side in (box.left, box.top, box.right, box.bottom)]


def _frame(text: str | None) -> tuple[float, ...] | None:
    """Left, top, right and bottom; UserError if they are invalid."""
    if text is None:
        return None
    try:
        sides = tuple(float(part) for part in text[:200].split(","))
    except ValueError:
        sides = ()
    if len(sides) != 4 or not all(math.isfinite(side) and 0 <= side <= 1 for side in sides):
        raise UserError("Give the frame as left,top,right,bottom, each from 0 to 1.")
    left, top, right, bottom = sides
    if left >= right or top >= bottom:
        raise UserError("The frame's left and top must be less than its right and bottom.")
    return sides


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MAX_BYTES:
                    raise UserError("This photograph is larger than 4 MiB: make it smaller.")
                parts.append(part)
    except TimeoutError as error:
        raise UserError("The upload is too slow: make the photograph smaller.") from error
    return b"".join(parts)


def _refused(sentence: str, status: int) -> Response:
    return JSONResponse({"error": sentence}, status_code=status)
