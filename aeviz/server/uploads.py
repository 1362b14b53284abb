"""Spool request bodies to disk as they arrive."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aeviz import limits
from aeviz.errors import UserError
from aeviz.io import disk
from aeviz.server.shares import Shares
from aeviz.server.visitors import visitor

CHUNK: Final = 1 << 20
QUIET_SECONDS: Final = 30.0
WHOLE_SECONDS: Final = 900.0


class TooLargeError(UserError):
    """The body is larger than the limit."""


class BusyError(UserError):
    """Too many bodies are being read at the same time."""


class Uploads:
    """Reads bodies of up to `max_bytes` each into files of `folder`."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._places = Shares(limits.UPLOADS)

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[Path]:
        """A file with the request's body, removed at the end of the block.

        Raises TooLargeError as soon as that is known, BusyError if too many others are being read,
        UserError if the body comes too slowly or the disk is full.
        """
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._max_bytes:
            raise self._too_large()
        who = visitor(request)
        try:
            async with asyncio.timeout(limits.UPLOAD_WAIT_SECONDS):
                await self._places.wait(who)
        except TimeoutError as error:
            raise BusyError(
                "Too many files are being sent to this server: try again in a minute."
            ) from error
        path = self._folder / f".upload-{secrets.token_hex(8)}"
        try:
            await self._read(request, path)
            yield path
        finally:
            self._places.give_back(who)
            await run_in_threadpool(path.unlink, missing_ok=True)

    async def _read(self, request: Request, path: Path) -> None:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                await self._copy(request, path)
        except TimeoutError as error:
            raise UserError("The upload stopped before its end: try again.") from error
        except OSError as error:
            raise UserError("The server could not save this file: try again later.") from error

    async def _copy(self, request: Request, path: Path) -> None:
        size, waiting, began = 0, bytearray(), time.monotonic()
        chunks = aiter(request.stream())
        while True:
            async with asyncio.timeout(QUIET_SECONDS):
                chunk = await anext(chunks, None)
            if chunk is None or len(waiting) >= CHUNK:
                await run_in_threadpool(self._append, path, bytes(waiting))
                waiting.clear()
            if chunk is None:
                return
            size += len(chunk)
            if size > self._max_bytes:
                raise self._too_large()
            counted_seconds = time.monotonic() - began - limits.UPLOAD_GRACE_SECONDS
            if size < counted_seconds * limits.UPLOAD_SPEED:
                raise UserError("The upload is too slow: try again over a faster connection.")
            waiting += chunk

    def _append(self, path: Path, data: bytes) -> None:
        disk.check(self._folder, len(data))
        with path.open("ab") as file:
            file.write(data)

    def _too_large(self) -> TooLargeError:
        size = f"{self._max_bytes / (1 << 20):.3g} MiB"
        return TooLargeError(f"This file is larger than {size}: make the image smaller.")
