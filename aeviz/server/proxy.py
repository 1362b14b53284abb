"""The visitor's address and scheme, even behind a proxy, and whether they use this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from aeviz.server.origins import Host, machine_names, parse_host

PROXIES: Final = "AEVIZ_PROXIES"
"""Environment variable: addresses or networks of proxies on other machines, separated by commas."""
_LOOPBACK: Final = ("127.0.0.0/8", "::1")
_FORWARDED: Final = (
    "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-real-ip", "via",
)  # fmt: skip
_MAPPED: Final = "::ffff:"
_proxy_seen = threading.Event()


class Visitors:
    """ASGI middleware: `client` and `scheme` of a request are the visitor's.

    Forwarding headers are trusted from proxies on this machine and from those in the environment
    variable AEVIZ_PROXIES. IPv4 addresses are written as such, not as mapped IPv6.
    """

    def __init__(self, app: ASGIApp) -> None:
        named = [one.strip() for one in os.environ.get(PROXIES, "").split(",") if one.strip()]
        self._app = ProxyHeadersMiddleware(app, [*_LOOPBACK, *named])  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope.get("client"):
            # A socket that listens for IPv6 and IPv4 gives the latter as ::ffff:192.0.2.1.
            host, port = scope["client"]
            scope = {**scope, "client": (host.removeprefix(_MAPPED) if "." in host else host, port)}
        await self._app(scope, receive, send)  # type: ignore[arg-type]


def at_this_machine(client: str | None, headers: Mapping[str, str], port: int | None) -> bool:
    """Whether a request comes from a browser on this machine that opened `localhost`.

    `client` is the address that it came from, `port` the one that the server listens on. A proxy on
    this machine has that address, too, and passes on a visitor's headers. So client, host and port
    must all agree, and once any request has shown a proxy, the result is always False.
    """
    host = parse_host(headers.get("host") or "")
    if host is None or _proxy_seen.is_set() or not is_loopback(client):
        return False
    if any(headers.get(name) for name in _FORWARDED):
        return False
    return host.is_loopback and (port is None or _is_port(host, port))


def is_loopback(client: str | None) -> bool:
    """Whether only this machine can send from this address."""
    try:
        return client is not None and ip_address(client).is_loopback
    except ValueError:
        return False


def look_for_proxy(scope: Scope) -> None:
    """Note that there is a proxy if a local program uses a host name or port that no local browser
    would use. Proxies that send forwarding headers need no such guess."""
    if not is_loopback(scope["client"][0]) or not scope.get("server"):
        return
    headers = Headers(scope=scope)
    host = parse_host(headers.get("host", ""))
    if host is None or any(headers.get(name) for name in _FORWARDED):
        return
    own = host.is_loopback or host.name in machine_names()
    if not own or not _is_port(host, scope["server"][1]):
        _proxy_seen.set()


def _is_port(host: Host, port: int) -> bool:
    return host.port == port or (host.port is None and port in (80, 443))
