"""The cookie with the secret that identifies a browser (`aeviz.identity`)."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aeviz.identity import is_secret, new_secret
from aeviz.server import http
from aeviz.server.headers import frame_ancestors

COOKIE: Final = "aeviz-person"
SECONDS: Final = 400 * 86_400
"""The longest that browsers keep a cookie; each page load renews it."""


class Cookie:
    """ASGI middleware: a browser that opens a page gets a cookie of its own, or keeps its old one.

    Scripts cannot read it, and requests from other sites do not carry it. A site that may show the
    app in a frame (`headers.FRAMES`) has a separate cookie inside that frame.
    """

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        self._app = app
        self._framed = bool(frame_ancestors())
        self._path = http.base(base_path) or "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _opens_a_page(scope):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        value = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE, "")
        secret = value if is_secret(value) else new_secret()
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        # In another site's frame, the cookie belongs to that frame alone and needs https.
        site = "None" if self._framed and secure else "Lax"
        partitioned = "; Partitioned" if site == "None" else ""
        cookie = (
            f"{COOKIE}={secret}; Max-Age={SECONDS}; Path={self._path}; "
            f"HttpOnly; SameSite={site}{secure}{partitioned}"
        )

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)


def _opens_a_page(scope: Scope) -> bool:
    """Whether the browser requests a document, cached or not: a 304 carries cookies, too."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
