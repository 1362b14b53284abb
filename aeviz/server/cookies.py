"""Gives each browser the secret that it is known by (`aeviz.identity`)."""

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
"""As long as browsers keep any cookie; each page that is opened begins it anew."""


class Cookie:
    """ASGI middleware: a browser that opens a page gets a cookie of its own, or keeps the one that
    it has. No script can read it, and no other site can have it sent but one whose pages may show
    the app in a frame (`headers.FRAMES`), and there it is another one."""

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        self._app = app
        self._framed = bool(frame_ancestors())
        self._path = http.base(base_path) or "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _opens_a_page(scope):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        said = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE, "")
        secret = said if is_secret(said) else new_secret()
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        # In another site's frame, a cookie of that frame alone; browsers keep it by https only.
        site = "None" if self._framed and secure else "Lax"
        apart = "; Partitioned" if site == "None" else ""
        cookie = (
            f"{COOKIE}={secret}; Max-Age={SECONDS}; Path={self._path}; "
            f"HttpOnly; SameSite={site}{secure}{apart}"
        )

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)


def _opens_a_page(scope: Scope) -> bool:
    """Whether the browser asks for a document, even for one that it has: a 304 carries cookies."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
