"""ASGI middleware: limits that Streamlit and the WebSocket server do not have themselves.

Streamlit limits neither the pages that one browser opens nor the files that its pages upload,
which stay in memory. The WebSocket server has one message limit for all routes.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from aeviz import limits
from aeviz.server.shares import Shares
from aeviz.server.transport import bound_messages, note_server
from aeviz.server.visitors import visitor

Held = Callable[[str], tuple[int, int]]
"""Session id -> bytes of uploaded files that this session, and that all sessions, hold."""

_PAGE = "/_stcore/stream"
_UPLOAD = "/_stcore/upload_file/"
_MESSAGES = {"/aeviz/live/": limits.REQUEST, "/aeviz/darkroom/work": limits.PHOTO_REQUEST}


class Budgets:
    """`held` counts the files that pages have uploaded."""

    def __init__(self, app: ASGIApp, held: Held) -> None:
        self._app = app
        self._held = held
        self._pages = Shares(limits.PAGES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "websocket":
            note_server(scope, receive)
            for part, size in _MESSAGES.items():
                if part in path:
                    bound_messages(receive, size)
            if path.endswith(_PAGE):
                await self._page(scope, receive, send)
                return
        elif scope["type"] == "http" and scope["method"] == "PUT" and _UPLOAD in path:
            sentence = self._upload_refused(scope, path.partition(_UPLOAD)[2].partition("/")[0])
            if sentence:
                await PlainTextResponse(sentence, status_code=413)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = visitor(HTTPConnection(scope))
        if not self._pages.take(who):
            await send({"type": "websocket.close"})  # before accept: answered with 403
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._pages.give_back(who)

    def _upload_refused(self, scope: Scope, session: str) -> str:
        """Why this file is refused, or ""."""
        length = HTTPConnection(scope).headers.get("content-length", "")
        if not length.isdecimal() or len(length) > 15:
            return "Content-Length is required."
        mine, all_together = self._held(session)
        if mine + int(length) > limits.PAGE_UPLOADS_OF_SESSION:
            return "Too many files on this page: remove one, or reload the page."
        if all_together + int(length) > limits.PAGE_UPLOADS:
            return "The server holds too many files of other people: try again in a few minutes."
        return ""
