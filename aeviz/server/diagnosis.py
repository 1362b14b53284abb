"""GET /aeviz/connection: how a request arrived, so that a page can say what stands in its way."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aeviz.identity import is_secret
from aeviz.server.cookies import COOKIE
from aeviz.server.origins import Origins


class Diagnosis:
    """The endpoint; `allowed_origins` are further origins whose pages may ask."""

    def __init__(self, allowed_origins: Collection[str] = ()) -> None:
        self._origins = Origins(allowed_origins)

    async def connection(self, request: Request) -> Response:
        """What host and scheme the server was asked for, whether sockets and uploads of the page
        (`?page=`, its origin) are let in, and whether the browser sent the cookie of a person."""
        host, scheme = request.headers.get("host", ""), request.scope["scheme"]
        page = {"host": host, "origin": request.query_params.get("page", "")[:300]}
        return JSONResponse(
            {
                "host": host,
                "scheme": scheme,
                "allowed": self._origins.allow(page, scheme),
                "known": is_secret(request.cookies.get(COOKIE, "")),
            },
            headers={"Cache-Control": "no-store"},
        )
