"""One live client's socket: reads requests and sends replies, neither waiting for the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from starlette.websockets import WebSocket

from aeviz import limits
from aeviz.server.live import protocol
from aeviz.server.live.batcher import Answer, Client, Failure, Reply
from aeviz.server.live.protocol import BadMessageError
from aeviz.server.live.store import OpenModel
from aeviz.server.shares import Shares
from aeviz.server.sockets import EndedError, until_one_ends
from aeviz.server.transport import is_gone, wait_until_sent
from aeviz.server.visitors import visitor

MAX_WAITING: Final = 8
SEND_SECONDS: Final = 20.0


class LiveConnection(Client):
    """A client with a socket: replies wait here until the network has taken them.

    `memory` is shared by all clients of a server: the bytes of replies above `SMALL_REPLY`.
    """

    def __init__(self, socket: WebSocket, memory: Shares) -> None:
        super().__init__()
        self._socket = socket
        self.loop = asyncio.get_running_loop()
        self._outbox: deque[Answer] = deque()
        self._filled = asyncio.Event()
        # Places for requests whose reply has not been sent yet. While none is free, nothing is
        # read: the requests of a client that sends too fast, or reads too slowly, wait on its side.
        self._places = asyncio.Semaphore(MAX_WAITING)
        self._memory = memory
        self._visitor = visitor(socket)
        self._held = 0  # bytes of the shared memory
        self._sending_since: float | None = None

    async def serve(self, model: OpenModel) -> None:
        """Pass requests to `model` until the client goes.

        Raises BadMessageError for a message that breaks the protocol, and EndedError if the
        connection must be closed for another reason.
        """
        try:
            await until_one_ends(self._read(model), self._send_replies(), self._watch())
        finally:
            self._memory.give_back(self._visitor, self._held)

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
            size = protocol.reply_bytes(request, model.shape)
            if size > limits.SMALL_REPLY:
                await self._memory.wait(self._visitor, size)
                self._held += size
            model.batcher.submit(self, request)

    def put(self, reply: Answer) -> None:
        """Queue a reply; called on the event loop."""
        self._outbox.append(reply)
        self._filled.set()

    async def _send_replies(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox:
                reply = self._outbox.popleft()
                if isinstance(reply, Failure):
                    raise EndedError(protocol.CLOSE_FAILED, reply.reason)
                self._sending_since = self.loop.time()
                await self._socket.send_bytes(reply)
                if len(reply) > limits.SMALL_REPLY:
                    await wait_until_sent(self._socket.scope)  # it counts as held until then
                self._sending_since = None
                self._places.release()
                if len(reply) > limits.SMALL_REPLY:
                    self._memory.give_back(self._visitor, len(reply))
                    self._held -= len(reply)

    async def _watch(self) -> None:
        """End the connection once its client has left, or has not read a reply for too long.

        One timer per connection: a timeout around each send would be a tenth of the event loop's
        work.
        """
        while True:
            await asyncio.sleep(SEND_SECONDS / 4)
            if is_gone(self._socket.scope):  # `_read` does not notice while no place is free
                return
            since = self._sending_since
            if since is not None and self.loop.time() - since > SEND_SECONDS:
                reason = f"replies were not read for {SEND_SECONDS:.0f} seconds"
                raise EndedError(protocol.CLOSE_TOO_SLOW, reason)


def deliver(replies: Sequence[Reply]) -> None:
    """Hand the replies of a pass to their event loop in one call; thread-safe."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[LiveConnection, Answer]]] = {}
    for client, reply in replies:
        if isinstance(client, LiveConnection):
            by_loop.setdefault(client.loop, []).append((client, reply))
    for loop, batch in by_loop.items():
        with suppress(RuntimeError):  # the loop has closed: the server is going down
            loop.call_soon_threadsafe(_hand_out, batch)


def _hand_out(batch: Sequence[tuple[LiveConnection, Answer]]) -> None:
    for connection, reply in batch:
        connection.put(reply)
