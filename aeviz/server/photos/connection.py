"""A page's WebSocket: receives jobs, sends states and finished tiles (docs/photo-protocol.md)."""

from __future__ import annotations

import asyncio
import json
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from aeviz.server.live.protocol import CLOSE_TOO_SLOW, BadMessageError
from aeviz.server.photos.worker import Message, PhotoJob, Step, Worker, failure
from aeviz.server.sockets import EndedError, until_one_ends

HEADER: Final = struct.Struct("<5I")  # job, x, y, width, height
MAX_TEXT: Final = 4096
MAX_NUMBER: Final = 2**32 - 1
MAX_UNSENT: Final = 8 << 20  # bytes of tiles waiting for the network; further tiles are skipped
MAX_STATES: Final = 200  # waiting messages; beyond this number progress messages are skipped
SEND_SECONDS: Final = 20.0

MakeJob = Callable[["PhotoConnection", int, dict[str, Any]], PhotoJob]


class PhotoConnection:
    """Connects a page and the worker; it is the worker's `PhotoClient`.

    `make_job(connection, number, message)` builds the job of a "restore" message; UserError if
    its photo, task or method does not exist.
    """

    def __init__(self, socket: WebSocket, worker: Worker, make_job: MakeJob) -> None:
        self._socket = socket
        self._worker = worker
        self._make_job = make_job
        self._loop = asyncio.get_running_loop()
        self._outbox: deque[str | bytes] = deque()
        self._filled = asyncio.Event()
        self._unsent = 0
        self._skipped: dict[int, int] = {}
        self._ended = False

    # ---- called from the worker's thread -------------------------------------------------------

    def send(self, message: Message) -> None:
        """Queue a message; progress is skipped while too many messages wait."""
        if message["state"] == "working" and len(self._outbox) > MAX_STATES:
            return
        if message["state"] in ("done", "stopped", "failed"):
            message = {**message, "skipped": self._skipped.pop(message["job"], 0)}
        self._hand_over(json.dumps(message))

    def show(self, job: PhotoJob, step: Step) -> None:
        """Queue a finished tile, or skip it while too many bytes wait for the network."""
        if self._unsent > MAX_UNSENT:
            self._skipped[job.number] = self._skipped.get(job.number, 0) + 1
            return
        from aeviz.server.photos.previews import encode_tile  # imported late: it needs torch

        assert step.box is not None
        assert step.pixels is not None
        left, top, right, bottom = step.box
        header = HEADER.pack(job.number, left, top, right - left, bottom - top)
        self._hand_over(header + encode_tile(step.pixels, lossless=not job.large))

    def _hand_over(self, message: str | bytes) -> None:
        with suppress(RuntimeError):  # the loop has closed: the server is going down
            self._loop.call_soon_threadsafe(self._put, message)

    # ---- on the event loop ---------------------------------------------------------------------

    def _put(self, message: str | bytes) -> None:
        self._outbox.append(message)
        self._unsent += len(message)
        self._filled.set()

    async def serve(self) -> None:
        """Pass jobs to the worker until the page leaves, which ends its jobs.

        Raises BadMessageError for a message that breaks the protocol, and EndedError if the
        connection must be closed for another reason.
        """
        try:
            await until_one_ends(self._read(), self._send())
        finally:
            self._ended = True
            self._worker.forget(self)

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            # In a thread: it reads files, and the first job imports PyTorch, which takes seconds.
            await run_in_threadpool(self._handle, _parse(message.get("text")))

    def _handle(self, message: dict[str, Any]) -> None:
        number = message.get("job")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_NUMBER:
            raise BadMessageError(f"job must be a whole number from 0 to {MAX_NUMBER}")
        if message.get("do") == "stop":
            self._worker.stop(self, number)
        elif message.get("do") == "restore":
            try:
                job = self._make_job(self, number, message)
                self._worker.submit(job, first=message.get("first") is True)
                if self._ended:  # meanwhile: this thread is not cancelled with the connection
                    self._worker.forget(self)
            except Exception as error:  # a bad request must not end the page's other jobs
                self.send({"job": number, "state": "failed", **failure(error)})
        else:
            raise BadMessageError('do must be "restore" or "stop"')

    async def _send(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox:
                message = self._outbox.popleft()
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        if isinstance(message, str):
                            await self._socket.send_text(message)
                        else:
                            await self._socket.send_bytes(message)
                except TimeoutError as error:
                    reason = f"messages were not read for {SEND_SECONDS:.0f} seconds"
                    raise EndedError(CLOSE_TOO_SLOW, reason) from error
                self._unsent -= len(message)


def _parse(text: str | None) -> dict[str, Any]:
    if text is None or len(text) > MAX_TEXT:
        raise BadMessageError(f"messages are JSON texts of up to {MAX_TEXT} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessageError("this message is not JSON") from error
    if not isinstance(message, dict):
        raise BadMessageError("messages are JSON objects")
    return message
