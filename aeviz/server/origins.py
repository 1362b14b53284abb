"""Which requests to accept, by their `Host` and `Origin` headers.

A page of another site can make a browser send requests here, and can even have its own name resolve
to this machine (DNS rebinding). It cannot forge either header.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple

HOSTS: Final = "AEVIZ_HOSTS"
"""Environment variable: further names of this server, separated by commas; `*.school.example` for
all its subdomains, `*` for any name."""

_HOST: Final = re.compile(
    r"(?:(?P<name>[a-z0-9._-]+)|\[(?P<v6>[0-9a-f]*:[0-9a-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)
_ORIGIN: Final = re.compile(r"(?P<scheme>https?)://(?P<host>[^/]*)/?", re.IGNORECASE)
_PORTS: Final = {"http": 80, "https": 443}


class Host(NamedTuple):
    """A `Host` header: the name in lower case or the IP address, and the port if it has one."""

    name: str
    port: int | None

    @property
    def is_address(self) -> bool:
        """Whether it is an IP address, which no other site can have as its name."""
        try:
            ip_address(self.name)
        except ValueError:
            return False
        return True

    @property
    def is_loopback(self) -> bool:
        """Whether it is the browser's own machine."""
        return self.name == "localhost" or (self.is_address and ip_address(self.name).is_loopback)


def parse_host(text: str) -> Host | None:
    """The host in a `Host` header; None if it is malformed."""
    found = _HOST.fullmatch(text)
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    host = Host((found["v6"] or found["name"]).lower().rstrip("."), port)
    return host if host.name and (found["v6"] is None or host.is_address) else None


def machine_names() -> set[str]:
    """The names that this machine has by default."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {"localhost", name, short, f"{short}.local"}


class AllowedHosts:
    """The server's hosts: IP addresses, the machine's own names, those in the environment variable
    AEVIZ_HOSTS, and those of `origins`."""

    def __init__(self, origins: Collection[str] = ()) -> None:
        named = (name.strip() for name in os.environ.get(HOSTS, "").split(","))
        self._names = machine_names() | {_name(text) for text in (*named, *origins) if text}

    def allow(self, text: str) -> bool:
        """Whether a request with this `Host` header is for this server."""
        host = parse_host(text)
        if host is None:
            return False
        return host.is_address or any(_fits(host.name, name) for name in self._names)


class Origins:
    """The server's own origin, which is the request's `Host`, and `further` ones, such as a
    proxy's. Requests without `Origin` pass: they come from programs, since no page can make a
    browser leave it out."""

    def __init__(self, further: Collection[str] = ()) -> None:
        self._further = {origin.rstrip("/") for origin in further}

    def allow(self, headers: Mapping[str, str], scheme: str | None = None) -> bool:
        """Whether a request with these headers comes from one of our pages or from a program.
        `scheme`: `http`, `https`, `ws` or `wss`; None if it is not known."""
        text = headers.get("origin")
        if text is None or text.rstrip("/") in self._further:
            return True
        origin, host = _parse_origin(text), parse_host(headers.get("host", ""))
        if origin is None or host is None:
            return False
        by, page = origin
        same = page.name == host.name and _port(page, by) == _port(host, by)
        return same and (scheme is None or scheme.replace("ws", "http") == by)


def is_web_page(origin: str) -> bool:
    """Whether an `Origin` header is that of a web page: http or https, and well formed."""
    return _parse_origin(origin) is not None


def _parse_origin(text: str) -> tuple[str, Host] | None:
    """Scheme and host of an `Origin` header; None if it is not that of a web page."""
    found = _ORIGIN.fullmatch(text)
    host = parse_host(found["host"]) if found else None
    return (found["scheme"].lower(), host) if found and host else None


def _name(text: str) -> str:
    """The host name in a setting, which may also be a whole address with a port."""
    origin = _parse_origin(text)
    host = origin[1] if origin else parse_host(text)
    return host.name if host else text.lower()


def _port(host: Host, scheme: str) -> int:
    return _PORTS[scheme] if host.port is None else host.port


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)
