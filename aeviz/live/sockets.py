"""What all sockets of the app share: who is let in, and how one ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from aeviz.errors import UserError
from aeviz.live import protocol
from aeviz.live.origin import Origins
from aeviz.live.protocol import BadMessageError

CLOSE_SECONDS: Final = 1.0


class EndedError(Exception):
    """The connection has to end, with this close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Door:
    """Lets the app's own pages in; `allowed_origins` are further origins whose pages may come, such
    as a proxy's. `inside` are as many as are there."""

    def __init__(self, allowed_origins: Collection[str]) -> None:
        self.origins = Origins(allowed_origins)
        self.inside = 0

    async def serve(
        self, socket: WebSocket, most: int, work: Callable[[], Awaitable[None]]
    ) -> None:
        """`work` for a page that may enter, while fewer than `most` are; it ends with a reason."""
        if not self.origins.allow(socket.headers, socket.scope.get("scheme")):
            await socket.close()  # before accept: the handshake is answered with 403
            return
        await socket.accept()
        if self.inside >= most:
            full = f"this server serves {most} such connections at most, try again later"
            await close(socket, protocol.CLOSE_TOO_MANY, full)
            return
        self.inside += 1
        try:
            await work()
        except (BadMessageError, UserError) as error:
            await close(socket, protocol.CLOSE_BAD_REQUEST, str(error))
        except EndedError as error:
            await close(socket, error.code, str(error))
        except WebSocketDisconnect:
            return
        finally:
            self.inside -= 1


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
    # A client that reads nothing takes no close frame either: it is not waited for.
    with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code, protocol.close_reason(reason))
