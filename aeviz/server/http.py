"""Shared by the routes: base path, whole numbers in a query, errors as sentences."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aeviz.errors import UserError

Endpoint = Callable[[Request], Awaitable[Response]]


def base(base_path: str) -> str:
    """`server.baseUrlPath` as an address prefix: "/class" for "class/", "" for none."""
    return f"/{base_path.strip('/')}" if base_path.strip("/") else ""


def whole_number(name: str, value: Any, usual: int, high: int, low: int = 0) -> int:
    """A whole number from low to high, `usual` if there is none; UserError for anything else."""
    if value is None:
        return usual
    text = str(value)
    # Ten digits hold every bound; longer texts need not be read.
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
        raise UserError(f"Give {name} as a whole number from {low} to {high}.")
    return int(text)


def errors_as_sentences(endpoint: Endpoint) -> Endpoint:
    """`endpoint`, with a UserError sent as `{"error": sentence}` and status 404."""

    async def respond(request: Request) -> Response:
        try:
            return await endpoint(request)
        except UserError as error:
            return JSONResponse({"error": str(error)}, status_code=404)

    return respond
