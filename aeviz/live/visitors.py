"""Whom a request counts for: the browser that it comes from, and the address."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from aeviz.live.cookie import COOKIE
from aeviz.people import is_secret


@dataclass(frozen=True)
class Visitor:
    """`person`: the browser, by its cookie, or the address where it sends none."""

    person: str
    address: str


def visitor(connection: HTTPConnection) -> Visitor:
    """Who asks. A proxy on this machine says for whom: its last word in X-Forwarded-For."""
    address = connection.client.host if connection.client else ""
    passed_on = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    if passed_on and _is_here(address):
        address = passed_on[:64]
    secret = connection.cookies.get(COOKIE, "")
    if not is_secret(secret):
        return Visitor(address, address)
    return Visitor(hashlib.sha256(secret.encode()).hexdigest(), address)


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a socket file's, or a test's
        return False
