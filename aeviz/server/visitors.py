"""The visitor that a request counts for: the browser that sent it, and its address."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from aeviz.identity import is_secret
from aeviz.server.cookies import COOKIE


@dataclass(frozen=True)
class Visitor:
    """`person`: the browser, by its cookie, or its address if it sends none."""

    person: str
    address: str


def visitor(connection: HTTPConnection) -> Visitor:
    """The visitor. Behind a proxy, the address is the one passed on (`aeviz.server.proxy`)."""
    address = connection.client.host if connection.client else ""
    secret = connection.cookies.get(COOKIE, "")
    if not is_secret(secret):
        return Visitor(address, address)
    return Visitor(hashlib.sha256(secret.encode()).hexdigest(), address)
