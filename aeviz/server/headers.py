"""Security headers of every response: where scripts, images and connections may come from, and
which sites may show the app in a frame."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aeviz.server.origins import parse_host

FRAMES: Final = "AEVIZ_FRAME_ANCESTORS"
"""Environment variable: origins whose pages may show the app in a frame, separated by spaces."""

_INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_POLICY: Final = (
    "default-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
)


def frame_ancestors() -> tuple[str, ...]:
    """The origins in AEVIZ_FRAME_ANCESTORS."""
    return tuple(os.environ.get(FRAMES, "").replace(",", " ").replace(";", " ").split())


class SecurityHeaders:
    """ASGI middleware: adds the headers to each HTTP response that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        frames = frame_ancestors()
        framed_by = " ".join(("'self'", *frames))
        self._policy = "; ".join(
            (
                *_POLICY,
                # Streamlit loads the script of each component from a blob. Plotly's WebGL maps
                # compile their drawing functions from text, which needs 'unsafe-eval'.
                f"script-src 'self' blob: 'unsafe-eval' {' '.join(_hashes())}",
                f"frame-ancestors {framed_by}",
            )
        )
        self._headers = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
        if not frames:
            self._headers["X-Frame-Options"] = "SAMEORIGIN"  # browsers without frame-ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = f"{self._policy}; connect-src {' '.join(_connections(scope))}"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**self._headers, "Content-Security-Policy": policy}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def _connections(scope: Scope) -> Iterable[str]:
    """Where scripts may connect to: this server only. WebSocket addresses are listed because not
    all browsers count them as 'self'."""
    yield "'self'"
    host = Headers(scope=scope).get("host", "")
    if parse_host(host):
        yield from (f"ws://{host}", f"wss://{host}")


def _hashes() -> list[str]:
    """Hashes of the inline scripts in Streamlit's document, as a policy lists them."""
    spec = find_spec("streamlit")
    page = Path(spec.origin if spec and spec.origin else "").parent / "static" / "index.html"
    scripts = _INLINE.findall(page.read_bytes()) if page.is_file() else []
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in scripts)
    return [f"'sha256-{digest}'" for digest in digests]
