"""What the WebSocket server knows of a connection, and ASGI has no word for.

`receive` is a method of uvicorn's protocol. Under another server nothing of this holds: messages
are as long as its own limit lets them be, and a reply counts as sent once it is handed over.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope

WRITABLE = "aeviz.writable"
"""In the scope of a WebSocket: an event that is set while the network has room."""


def bound_messages(receive: Receive, size: int) -> None:
    """Has the server refuse longer messages of this connection before it holds them."""
    connection: Any = getattr(getattr(receive, "__self__", None), "conn", None)
    most = getattr(connection, "max_message_size", None)
    if most is not None:
        connection.max_message_size = min(most, size)


def note_writable(scope: Scope, receive: Receive) -> None:
    """Lets `sent` wait, further in, until the network has taken what was sent."""
    event = getattr(getattr(receive, "__self__", None), "writable", None)
    if isinstance(event, asyncio.Event):
        scope[WRITABLE] = event


async def sent(scope: Scope) -> None:
    """Waits until the network has taken nearly all that was sent to this connection."""
    if (event := scope.get(WRITABLE)) is not None:
        await event.wait()
