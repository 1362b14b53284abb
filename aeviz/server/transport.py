"""Facts about a WebSocket connection that uvicorn knows and ASGI does not expose.

`receive` is a method of uvicorn's protocol class. With another server, these functions do nothing:
messages have that server's own limit, and a reply counts as sent once the server has it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope

_SERVER = "aeviz.server"
"""Key in a WebSocket's scope: the server's protocol object."""


def bound_messages(receive: Receive, size: int) -> None:
    """Make the server refuse longer messages of this connection before they are in memory."""
    connection: Any = getattr(getattr(receive, "__self__", None), "conn", None)
    most = getattr(connection, "max_message_size", None)
    if most is not None:
        connection.max_message_size = min(most, size)


def note_server(scope: Scope, receive: Receive) -> None:
    """Keep the server's protocol object in the scope, for `wait_until_sent` and `is_gone`."""
    scope[_SERVER] = getattr(receive, "__self__", None)


async def wait_until_sent(scope: Scope) -> None:
    """Wait until the network has taken nearly all that was sent on this connection."""
    event = getattr(scope.get(_SERVER), "writable", None)
    if isinstance(event, asyncio.Event):
        await event.wait()


def is_gone(scope: Scope) -> bool:
    """Whether the client has left; a connection otherwise notices only at its next read."""
    return getattr(scope.get(_SERVER), "disconnected", False) is True
