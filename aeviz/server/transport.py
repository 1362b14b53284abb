"""What the WebSocket server knows of a connection, and ASGI has no word for.

`receive` is a method of uvicorn's protocol. Under another server nothing of this holds: messages
are as long as its own limit lets them be, and a reply counts as sent once it is handed over.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope

_SERVER = "aeviz.server"
"""In the scope of a WebSocket: the server's side of it."""


def bound_messages(receive: Receive, size: int) -> None:
    """Has the server refuse longer messages of this connection before it holds them."""
    connection: Any = getattr(getattr(receive, "__self__", None), "conn", None)
    most = getattr(connection, "max_message_size", None)
    if most is not None:
        connection.max_message_size = min(most, size)


def note_server(scope: Scope, receive: Receive) -> None:
    """Lets `sent` and `is_gone`, further in, ask the server."""
    scope[_SERVER] = getattr(receive, "__self__", None)


async def sent(scope: Scope) -> None:
    """Waits until the network has taken nearly all that was sent to this connection."""
    event = getattr(scope.get(_SERVER), "writable", None)
    if isinstance(event, asyncio.Event):
        await event.wait()


def is_gone(scope: Scope) -> bool:
    """Whether the client has left, of which a connection hears only once it reads again."""
    return getattr(scope.get(_SERVER), "disconnected", False) is True
