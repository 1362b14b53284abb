"""ASGI middleware that serves Streamlit's static files from memory and preloads a page's modules.

- Streamlit's own files come from memory, compressed once: a page loads about a hundred of them,
  three megabytes, and a class loads them all at the same time.
- The document links the modules that the page's component will load. Without these links the
  browser discovers each module only from the one before it, and the first only after Streamlit
  has run the page.

Other requests pass through unchanged.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aeviz.io.paths import WEB
from aeviz.server import http
from aeviz.server.assets import LIVE_STATIC, Files, live_file

# The pages with a component of our own: its module, its default model if it shows one, and the
# part of the gallery that it loads.
LIVE_PAGES: Final = {
    "": ("aeviz/static/home.js", "vae-mnist-2d", "?part=map"),
    "explore": ("aeviz/static/explorer.js", "vae-mnist", ""),
    "restore": ("aeviz/darkroom/static/darkroom.js", None, ""),
}
# Explains a failed connection to the server, even if Streamlit itself cannot connect.
NOTICE: Final = "aeviz/static/notice.js"
# Streamlit modules that such a page loads late, by the first part of their file names.
LATE_PARTS: Final = ("BidiComponent", "Selectbox", "Html")

_OWN: Final = "aeviz/static/"
_OURS: Final = {
    _OWN: LIVE_STATIC,
    "aeviz/darkroom/static/": WEB / "darkroom" / "static",
}
_HASHED: Final = re.compile(r"static/(?:js|css|media)/[\w.~-]+\.[\w-]{8,}\.(?:js|css|woff2)")
# Statements only: a comment may import types, which no browser loads.
_IMPORTED: Final = re.compile(
    r"""^(?:import |export |} )[^"'\n]*["'](\.[\w./~-]+\.js)["'];?$""", re.MULTILINE
)
_NEGOTIATION: Final = {b"accept-encoding", b"if-none-match", b"if-modified-since"}
_NAME: Final = re.compile(r"[\w.-]{1,80}")


class Preload:
    """ASGI middleware; `base_path`: `server.baseUrlPath`."""

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        self._app = app
        self._base = f"{http.base(base_path)}/"
        self._files = Files()
        spec = find_spec("streamlit")
        origin = spec.origin if spec else None
        self._streamlit = Path(origin or "streamlit").parent / "static"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            path = scope["path"].removeprefix(self._base)
            file = self._file(path)
            if file is not None:
                asset = self._files.cached(file)
                if asset is None:
                    asset = await run_in_threadpool(self._files.at, file)
                response = asset.respond(Request(scope), for_ever=path.startswith("static/"))
                await response(scope, receive, send)
                return
            if path in LIVE_PAGES:
                links = await run_in_threadpool(self._links, path, scope["query_string"])
                send = _LinkedDocument(send, links).send
                # Request the whole document, uncompressed and not as a 304: links are added to it.
                plain = [pair for pair in scope["headers"] if pair[0] not in _NEGOTIATION]
                scope = {**scope, "headers": plain}
        await self._app(scope, receive, send)

    def _file(self, path: str) -> Path | None:
        """The file to send for `path` without calling the app; None if there is none."""
        if path.startswith(_OWN):
            return live_file(path.removeprefix(_OWN))
        file = self._streamlit / path
        return file if _HASHED.fullmatch(path) and file.is_file() else None

    def _links(self, page: str, query: bytes) -> bytes:
        """Links to what this page's component will load, as HTML for the document's head."""
        module, default, part = LIVE_PAGES[page]
        streamlit = self._streamlit / "static" / "js"
        late = [file.name for part in LATE_PARTS for file in streamlit.glob(f"{part}.*.js")]
        folders = (("static/js/", streamlit), *_OURS.items())
        names = (*(f"static/js/{name}" for name in late), module)
        modules = _closure(folders, names, _changed(*_OURS.values()))
        links = [
            f'<link rel="modulepreload" crossorigin href="{self._base}{name}">' for name in modules
        ]
        links.append(f'<script type="module" src="{self._base}{NOTICE}"></script>')
        named = parse_qs(query.decode("latin-1")).get("model", [default or ""])[0]
        if default is not None and _NAME.fullmatch(named):
            gallery = f"{self._base}aeviz/gallery/{quote(named)}{part}"
            links.append(f'<link rel="preload" as="fetch" crossorigin href="{gallery}">')
        return "".join(links).encode()


class _LinkedDocument:
    """Passes a response on, with `links` added at the end of an HTML document's head."""

    def __init__(self, send: Send, links: bytes) -> None:
        self._send = send
        self._links = links
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = MutableHeaders(scope=message).get("content-type", "")
            if message["status"] == 200 and kind.startswith("text/html"):
                self._start = message  # held back until the length is known
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._body.replace(b"</head>", self._links + b"</head>", 1)
        headers = MutableHeaders(scope=self._start)
        headers["Content-Length"] = str(len(body))
        for name in ("ETag", "Last-Modified"):  # these describe the document without the links
            del headers[name]
        await self._send(self._start)
        await self._send({**message, "body": body})


def _changed(*folders: Path) -> int:
    return max(file.stat().st_mtime_ns for folder in folders for file in folder.glob("*.js"))


@lru_cache(maxsize=8)
def _closure(
    folders: tuple[tuple[str, Path], ...], names: tuple[str, ...], changed: int
) -> tuple[str, ...]:
    """The modules `names` and all that they import, directly or indirectly. Names are addresses;
    `folders` maps their first part to a folder.

    `changed` is only there to invalidate the cache when a file changes.
    """
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        start, _, last = name.rpartition("/")
        file = next((at / last for prefix, at in folders if prefix == f"{start}/"), None)
        if name not in found and file is not None and file.is_file():
            found[name] = None
            imported = _IMPORTED.findall(file.read_text(errors="replace"))
            waiting += [posixpath.normpath(f"{start}/{path}") for path in imported]
    return tuple(found)
