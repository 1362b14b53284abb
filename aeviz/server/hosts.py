"""Refuse requests for another host's name, and remote requests for the server's statistics."""

from __future__ import annotations

import html
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aeviz.server import http
from aeviz.server.origins import HOSTS, AllowedHosts, is_web_page
from aeviz.server.proxy import at_this_machine, look_for_proxy

_OPEN: Final = ("_stcore/health",)
"""Health checks may use any host name."""
_FIGURES: Final = ("aeviz/live/stats", "_stcore/metrics")
_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not this server's name</title>
<style>:root {{ color-scheme: light dark }} code {{ overflow-wrap: anywhere }}
body {{ font: 1.1rem/1.5 sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }}</style>
<h1>This server does not know the name <code>{name}</code>.</h1>
<p>Open it by its IP address. If the name is this server's own, start it with
<code>{setting}={name}</code> (separate several names by commas).</p>
<p>A proxy in front of the server must pass on <code>Host</code> unchanged.</p>
</html>
"""


class Hosts:
    """ASGI middleware: 403 for a `Host` that is not this server's (`AllowedHosts`), and for
    requests for statistics from another machine. `base_path`: `server.baseUrlPath`."""

    def __init__(
        self, app: ASGIApp, allowed_origins: Collection[str] = (), base_path: str = ""
    ) -> None:
        self._app = app
        self._hosts = AllowedHosts(allowed_origins)
        self._base = f"{http.base(base_path)}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})  # before accept: answered with 403
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        path = scope["path"].removeprefix(self._base)
        if path in _OPEN:
            return None
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._hosts.allow(hosts[0]):
            return _other_host(", ".join(hosts)[:200], "text/html" in headers.get("accept", ""))
        # Streamlit's own socket fails on a malformed Origin. Ours check it further (`sockets`).
        if scope["type"] == "websocket" and not all(map(is_web_page, headers.getlist("origin"))):
            return PlainTextResponse("This address is for the app's own pages.", 403)
        look_for_proxy(scope)
        client, server = scope.get("client"), scope.get("server")
        if path in _FIGURES and not at_this_machine(
            client[0] if client else None, headers, server[1] if server else None
        ):
            return PlainTextResponse("Only a browser on the server's machine may see this.", 403)
        return None


def _other_host(host: str, as_page: bool) -> Response:
    name = host.rpartition(":")[0] or host
    if as_page:
        return HTMLResponse(_PAGE.format(name=html.escape(name), setting=HOSTS), 403)
    return PlainTextResponse(
        f"This server does not know the name {name!r}: start it with {HOSTS}=NAME if that is its "
        "own. A proxy in front of it must pass on Host unchanged.",
        403,
    )
