"""Refuses requests for a host that is not this server's, and from afar for the server's figures."""

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
"""What whoever watches over the server may ask under any name: it says "ok"."""
_FIGURES: Final = ("aeviz/live/stats", "_stcore/metrics")
_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not this server's name</title>
<style>:root {{ color-scheme: light dark }} code {{ overflow-wrap: anywhere }}
body {{ font: 1.1rem/1.5 sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }}</style>
<h1>This server does not answer to the name <code>{name}</code>.</h1>
<p>Open it by its IP address, or start it with <code>{setting}={name}</code>, if that name
is its own (several names: with commas).</p>
<p>If a proxy stands in front of it, the proxy must pass on <code>Host</code> unchanged.</p>
</html>
"""


class Hosts:
    """ASGI middleware: 403 for a `Host` that is not this server's (`AllowedHosts`), and for figures
    of the server that a browser elsewhere asks for. `base_path` as `server.baseUrlPath` has it."""

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
        # Streamlit's own socket fails on a malformed one. Ours look closer, at whose page it is.
        if scope["type"] == "websocket" and not all(map(is_web_page, headers.getlist("origin"))):
            return PlainTextResponse("This address is for the app's own pages.", 403)
        look_for_proxy(scope)
        client, server = scope.get("client"), scope.get("server")
        if path in _FIGURES and not at_this_machine(
            client[0] if client else None, headers, server[1] if server else None
        ):
            return PlainTextResponse("Only a browser on the server's machine sees this.", 403)
        return None


def _other_host(host: str, as_page: bool) -> Response:
    name = host.rpartition(":")[0] or host
    if as_page:
        return HTMLResponse(_PAGE.format(name=html.escape(name), setting=HOSTS), 403)
    return PlainTextResponse(
        f"This server does not answer to the name {name!r}: start it with {HOSTS}=NAME if that is "
        "its own. A proxy in front of it must pass on Host unchanged.",
        403,
    )
