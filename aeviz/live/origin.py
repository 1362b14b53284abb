"""Whether a request comes from a page of this server; browsers always say where it comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit


class Origins:
    """The server's own origin, which is the `Host` it was asked for, and `further` ones, such as a
    proxy's. Programs that send no `Origin` are let in: no page can make a browser leave it out."""

    def __init__(self, further: Collection[str] = ()) -> None:
        self._further = {origin.rstrip("/") for origin in further}

    def allow(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers is one of our own pages', or no page's."""
        origin = headers.get("origin")
        if origin is None or origin.rstrip("/") in self._further:
            return True
        return urlsplit(origin).netloc == headers.get("host")
