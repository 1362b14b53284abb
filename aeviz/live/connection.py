"""One live client's socket: reading requests, sending replies, and never waiting for the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from aeviz.live import protocol
from aeviz.live.batcher import Client, Failure, Reply
from aeviz.live.protocol import BadMessageError
from aeviz.live.store import OpenModel

MAX_UNSENT: Final = 8
SEND_SECONDS: Final = 20.0


class Connection(Client):
    """A client with a socket: replies wait here until the network has taken them."""

    def __init__(self, socket: WebSocket) -> None:
        super().__init__()
        self.socket = socket
        self.loop = asyncio.get_running_loop()
        # Bounded: where a client reads too slowly, its oldest unsent reply makes room.
        self._outbox: deque[bytes | Failure] = deque(maxlen=MAX_UNSENT)
        self._filled = asyncio.Event()

    async def serve(self, model: OpenModel) -> None:
        """Pass requests to `model` until the client goes; raises BadMessageError."""
        model.clients.add(self)
        sender = asyncio.create_task(self._send_replies())
        try:
            while True:
                message = await self.socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                data = message.get("bytes")
                if data is None:
                    raise BadMessageError("messages are binary, this one was text")
                model.batcher.submit(self, protocol.parse(data, model.shape))
        finally:
            sender.cancel()
            model.clients.discard(self)
            model.batcher.forget(self)

    def put(self, reply: bytes | Failure) -> None:
        """Queue a reply; called on the event loop."""
        self._outbox.append(reply)
        self._filled.set()

    async def _send_replies(self) -> None:
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                while self._outbox:
                    reply = self._outbox.popleft()
                    if isinstance(reply, Failure):
                        await close(self.socket, protocol.CLOSE_FAILED, reply.reason)
                        return
                    async with asyncio.timeout(SEND_SECONDS):
                        await self.socket.send_bytes(reply)
        except TimeoutError:
            reason = f"replies were not read for {SEND_SECONDS:.0f} seconds"
            await close(self.socket, protocol.CLOSE_TOO_SLOW, reason)
        except (WebSocketDisconnect, RuntimeError):
            # The client has gone in the middle of a reply; the reading side ends the connection.
            return


def deliver(replies: Sequence[Reply]) -> None:
    """Hand a pass's replies to their event loop, all in one call; for any thread."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Connection, bytes | Failure]]] = {}
    for client, reply in replies:
        if isinstance(client, Connection):
            by_loop.setdefault(client.loop, []).append((client, reply))
    for loop, batch in by_loop.items():
        with suppress(RuntimeError):  # the loop has closed: the server is going down
            loop.call_soon_threadsafe(_hand_out, batch)


async def close(socket: WebSocket, code: int, reason: str) -> None:
    """Close with a reason, whatever state the socket is in."""
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code, protocol.close_reason(reason))


def _hand_out(batch: Sequence[tuple[Connection, bytes | Failure]]) -> None:
    for connection, reply in batch:
        connection.put(reply)
