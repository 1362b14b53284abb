"""Shared by all WebSockets of the app: which are accepted, and how they are closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from aeviz.errors import UserError
from aeviz.server.live import protocol
from aeviz.server.live.protocol import BadMessageError
from aeviz.server.origins import Origins
from aeviz.server.shares import Shares
from aeviz.server.visitors import visitor

CLOSE_SECONDS: Final = 1.0


class EndedError(Exception):
    """The connection must be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class SocketGuard:
    """Accepts sockets of the app's own pages, within the limit of `places`; `allowed_origins` are
    further origins whose pages may connect, such as a proxy's."""

    def __init__(self, allowed_origins: Collection[str], places: Shares) -> None:
        self.origins = Origins(allowed_origins)
        self._places = places

    @property
    def open_sockets(self) -> int:
        """The number of open sockets."""
        return self._places.taken

    async def serve(self, socket: WebSocket, work: Callable[[], Awaitable[None]]) -> None:
        """Accept the socket if its page may connect, run `work`, and close it with a reason."""
        if not self.origins.allow(socket.headers, socket.scope.get("scheme")):
            await socket.close()  # before accept: the handshake is answered with 403
            return
        await socket.accept()
        who = visitor(socket)
        if not self._places.take(who):
            await close(socket, protocol.CLOSE_TOO_MANY, self._full())
            return
        try:
            await work()
        except (BadMessageError, UserError) as error:
            await close(socket, protocol.CLOSE_BAD_REQUEST, str(error))
        except EndedError as error:
            await close(socket, error.code, str(error))
        except WebSocketDisconnect:
            return
        finally:
            self._places.give_back(who)

    def _full(self) -> str:
        limit = self._places.limit
        if self._places.taken >= limit.in_all:
            return f"this server allows {limit.in_all} such connections, try again later"
        return f"this browser has {limit.person} connections already: close some of its tabs"


async def until_one_ends(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts of a connection side by side; the first to end, or to fail, ends them all."""
    tasks = {asyncio.create_task(part) for part in parts}
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


async def close(socket: WebSocket, code: int, reason: str) -> None:
    """Close with a reason, whatever state the socket is in."""
    # A client that reads nothing does not take a close frame either: do not wait for it.
    with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code, protocol.close_reason(reason))
