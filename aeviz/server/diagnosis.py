"""GET /aeviz/connection: how a request arrived, so that a page can explain a failed connection."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aeviz.identity import is_secret
from aeviz.server.cookies import COOKIE
from aeviz.server.origins import Origins


class Diagnosis:
    """The endpoint; pages of `allowed_origins` may connect, too."""

    def __init__(self, allowed_origins: Collection[str] = ()) -> None:
        self._origins = Origins(allowed_origins)

    async def connection(self, request: Request) -> Response:
        """The request's host and scheme, whether the server accepts sockets and uploads from the
        page (`?page=`, its origin), and whether the browser sent a valid identity cookie."""
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
