"""Bytes that browsers may keep: compressed once, named by their content, not sent twice."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

FOREVER: Final = "public, max-age=31536000, immutable"
ASK_FIRST: Final = "no-cache"


class Asset:
    """An immutable answer; `compress` for what gzip makes smaller."""

    def __init__(self, content: bytes, media_type: str, compress: bool = True) -> None:
        self.content = content
        self.media_type = media_type
        self.compress = compress

    @cached_property
    def version(self) -> str:
        """A short name for exactly this content."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    @cached_property
    def _zipped(self) -> bytes:
        return gzip.compress(self.content, compresslevel=5, mtime=0)

    def respond(self, request: Request) -> Response:
        """200 or 304. Where the address carries this content's version (`?v=`), kept for ever."""
        headers = {
            "ETag": f'"{self.version}"',
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": (
                FOREVER if request.query_params.get("v") == self.version else ASK_FIRST
            ),
        }
        if self.version in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        # Said even where nothing is compressed, so that no middleware compresses it each time.
        zipped = self.compress and _accepts_gzip(request.headers)
        headers["Content-Encoding"] = "gzip" if zipped else "identity"
        content = self._zipped if zipped else self.content
        return Response(content, media_type=self.media_type, headers=headers)


def _accepts_gzip(headers: Mapping[str, str]) -> bool:
    return "gzip" in headers.get("accept-encoding", "")
