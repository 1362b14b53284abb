"""HTTP responses of the photo routes: files and errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote

from starlette.responses import JSONResponse, Response, StreamingResponse

from aeviz.errors import UnsureError, UserError
from aeviz.server.photos.store import GoneError
from aeviz.server.uploads import CHUNK, BusyError, TooLargeError

if TYPE_CHECKING:
    from aeviz.server.photos.service import Picture

HEADERS: Final = {
    "Cache-Control": "private, max-age=3600",
    "Content-Encoding": "identity",  # so that no middleware compresses a PNG again
    "X-Content-Type-Options": "nosniff",
}


class ForeignError(UserError):
    """The request comes from a page of another origin."""


_STATUS: Final[dict[type[UserError], int]] = {
    GoneError: 404,
    ForeignError: 403,
    UnsureError: 409,
    TooLargeError: 413,
    BusyError: 503,
}


def file_response(picture: Picture) -> Response:
    """The open file of `picture`, as a download if it has a name."""
    headers = {**HEADERS, "Content-Length": str(os.fstat(picture.file.fileno()).st_size)}
    if picture.name:
        headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(picture.name)}"
    return StreamingResponse(_chunks(picture.file), headers=headers, media_type=picture.media_type)


def error_response(error: UserError) -> Response:
    """`{"error": sentence}` with the status of this kind of error, 400 unless listed."""
    statuses = (status for kind, status in _STATUS.items() if isinstance(error, kind))
    return JSONResponse({"error": str(error)}, status_code=next(statuses, 400))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while data := file.read(CHUNK):
            yield data
