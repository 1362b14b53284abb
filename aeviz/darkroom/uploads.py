"""Bodies of requests, read to the disk as they come: no upload waits its turn in memory."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aeviz.errors import UserError

CHUNK: Final = 1 << 20
MOST_AT_ONCE: Final = 48
QUIET_SECONDS: Final = 30.0
WHOLE_SECONDS: Final = 900.0


class TooLargeError(UserError):
    """The body is larger than is read."""


class Uploads:
    """Reads bodies of up to `most` bytes each into files of `folder`."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[Path]:
        """A file with the request's body, gone afterwards.

        Raises TooLargeError as soon as that is known, UserError where nothing comes for a while
        or it takes too long in all.
        """
        told = request.headers.get("content-length", "")
        if told.isdigit() and int(told) > self._most:
            raise self._too_large()
        path = self._folder / f".upload-{secrets.token_hex(8)}"
        try:
            async with self._places:
                await self._read(request, path)
                yield path
        finally:
            await run_in_threadpool(path.unlink, missing_ok=True)

    async def _read(self, request: Request, path: Path) -> None:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                await self._copy(request, path)
        except TimeoutError as error:
            raise UserError("The upload stopped on its way: try again.") from error
        except OSError as error:
            raise UserError("The server could not keep this photo: try again later.") from error

    async def _copy(self, request: Request, path: Path) -> None:
        size, waiting = 0, bytearray()
        chunks = aiter(request.stream())
        while True:
            async with asyncio.timeout(QUIET_SECONDS):
                chunk = await anext(chunks, None)
            if chunk is None or len(waiting) >= CHUNK:
                await run_in_threadpool(_append, path, bytes(waiting))
                waiting.clear()
            if chunk is None:
                return
            size += len(chunk)
            if size > self._most:
                raise self._too_large()
            waiting += chunk

    def _too_large(self) -> TooLargeError:
        return TooLargeError(
            f"This file is larger than {self._most / (1 << 20):.3g} MiB; make the image smaller."
        )


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
