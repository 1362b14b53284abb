"""Cacheable responses: compressed once, versioned by their content, validated by ETag."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from aeviz.io.paths import WEB

FOREVER: Final = "public, max-age=31536000, immutable"
ASK_FIRST: Final = "no-cache"
LIVE_STATIC: Final = WEB / "static"
MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
COMPRESSED: Final = {".woff2"}  # gzip would not make these smaller


class Asset:
    """An immutable response body; `compress` if gzip makes it smaller."""

    def __init__(self, content: bytes, media_type: str, compress: bool = True) -> None:
        self.content = content
        self.media_type = media_type
        self.compress = compress

    @cached_property
    def version(self) -> str:
        """A short hash of the content."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    def prepare(self) -> Asset:
        """Hash and compress the content now, so that the first response need not wait."""
        _ = self.version
        if self.compress:
            _ = self._zipped
        return self

    @cached_property
    def _zipped(self) -> bytes:
        return gzip.compress(self.content, compresslevel=5, mtime=0)

    def respond(self, request: Request, for_ever: bool = False) -> Response:
        """200 or 304. Browsers keep it for ever if the address carries this content's version
        (`?v=`), or if `for_ever` is set because the address names the content in another way."""
        for_ever |= request.query_params.get("v") == self.version
        headers = {
            "ETag": f'"{self.version}"',
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": FOREVER if for_ever else ASK_FIRST,
        }
        if self.version in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        # "identity" is sent too, so that no middleware compresses the body for each request.
        zipped = self.compress and _accepts_gzip(request.headers)
        headers["Content-Encoding"] = "gzip" if zipped else "identity"
        content = self._zipped if zipped else self.content
        return Response(content, media_type=self.media_type, headers=headers)


class Files:
    """Files on disk as assets, read again when they change."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, Asset]] = {}

    def cached(self, path: Path) -> Asset | None:
        """The file at `path` if it is cached and has not changed; fast."""
        changed, asset = self._known.get(path, (None, None))
        return asset if changed == path.stat().st_mtime_ns else None

    def at(self, path: Path) -> Asset:
        """The file at `path`, whose suffix is one of MEDIA_TYPES, ready to be sent."""
        asset = self.cached(path)
        if asset is None:
            changed = path.stat().st_mtime_ns
            packed = path.suffix in COMPRESSED
            asset = Asset(path.read_bytes(), MEDIA_TYPES[path.suffix], not packed).prepare()
            self._known[path] = changed, asset
        return asset


def live_file(name: str, folder: Path = LIVE_STATIC) -> Path | None:
    """The browser file `name` in `folder`; None if there is none, or its type is not served."""
    # The name is compared with the existing files, never used as a path.
    files = (path for path in folder.iterdir() if path.suffix in MEDIA_TYPES)
    return next((path for path in files if path.name == name), None)


def _accepts_gzip(headers: Mapping[str, str]) -> bool:
    return "gzip" in headers.get("accept-encoding", "")
