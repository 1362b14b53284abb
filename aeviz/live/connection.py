"""One live client's socket: reading requests, sending replies, and never waiting for the other."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from starlette.websockets import WebSocket

from aeviz.live import protocol
from aeviz.live.batcher import SMALL_ROWS, Client, Failure, Reply
from aeviz.live.protocol import BadMessageError, Op
from aeviz.live.sockets import EndedError, until_one_ends
from aeviz.live.store import OpenModel

MAX_WAITING: Final = 8
MAX_LARGE: Final = 64
"""Large requests of all clients together that wait or whose reply has not left: what they hold of
the server's memory, a few megabytes each, has to end somewhere."""
SEND_SECONDS: Final = 20.0


class Connection(Client):
    """A client with a socket: replies wait here until the network has taken them.

    `large_places` is shared by all clients of a server, `MAX_LARGE` to begin with.
    """

    def __init__(self, socket: WebSocket, large_places: asyncio.Semaphore) -> None:
        super().__init__()
        self._socket = socket
        self.loop = asyncio.get_running_loop()
        self._outbox: deque[bytes | Failure] = deque()
        self._filled = asyncio.Event()
        # Places for requests whose reply has not left yet. While there is none, nothing is read:
        # what a client sends too fast, or does not fetch, stays on its own side of the network.
        self._places = asyncio.Semaphore(MAX_WAITING)
        self._large_places = large_places
        self._large_held = 0
        self._sending_since: float | None = None

    async def serve(self, model: OpenModel) -> None:
        """Pass requests to `model` until the client goes.

        Raises BadMessageError for a message that breaks the protocol, and EndedError where the
        connection has to end for another reason.
        """
        large_bytes = protocol.HEADER.size + SMALL_ROWS * math.prod(model.shape.image)
        try:
            await until_one_ends(self._read(model), self._send_replies(large_bytes), self._watch())
        finally:
            while self._large_held:
                self._release_large()

    async def _read(self, model: OpenModel) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            if data is None:
                raise BadMessageError("messages are binary, this one was text")
            request = protocol.parse(data, model.shape)
            await self._places.acquire()
            if request.rows > SMALL_ROWS:
                await self._large_places.acquire()
                self._large_held += 1
            model.batcher.submit(self, request)

    def put(self, reply: bytes | Failure) -> None:
        """Queue a reply; called on the event loop."""
        self._outbox.append(reply)
        self._filled.set()

    async def _send_replies(self, large_bytes: int) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox:
                reply = self._outbox.popleft()
                if isinstance(reply, Failure):
                    raise EndedError(protocol.CLOSE_FAILED, reply.reason)
                self._sending_since = self.loop.time()
                await self._socket.send_bytes(reply)
                self._sending_since = None
                self._places.release()
                if reply[4] == Op.DECODE and len(reply) > large_bytes:
                    self._release_large()

    def _release_large(self) -> None:
        self._large_held -= 1
        self._large_places.release()

    async def _watch(self) -> None:
        """End the connection once a reply has waited too long for its client to read.

        A timer of its own: one around each send would be a tenth of the event loop's work.
        """
        while True:
            await asyncio.sleep(SEND_SECONDS / 4)
            since = self._sending_since
            if since is not None and self.loop.time() - since > SEND_SECONDS:
                reason = f"replies were not read for {SEND_SECONDS:.0f} seconds"
                raise EndedError(protocol.CLOSE_TOO_SLOW, reason)


def deliver(replies: Sequence[Reply]) -> None:
    """Hand a pass's replies to their event loop, all in one call; for any thread."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Connection, bytes | Failure]]] = {}
    for client, reply in replies:
        if isinstance(client, Connection):
            by_loop.setdefault(client.loop, []).append((client, reply))
    for loop, batch in by_loop.items():
        with suppress(RuntimeError):  # the loop has closed: the server is going down
            loop.call_soon_threadsafe(_hand_out, batch)


def _hand_out(batch: Sequence[tuple[Connection, bytes | Failure]]) -> None:
    for connection, reply in batch:
        connection.put(reply)
