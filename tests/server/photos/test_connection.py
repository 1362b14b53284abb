"""A page's socket that breaks at a bad moment."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from aeviz.server.photos.connection import PhotoConnection
from aeviz.server.photos.worker import PhotoJob


class Socket:
    """Sends one order, and breaks when it is written to."""

    def __init__(self) -> None:
        self.orders = ['{"do": "restore", "job": 1}']

    async def receive(self) -> dict[str, Any]:
        if not self.orders:
            await asyncio.Event().wait()
        return {"type": "websocket.receive", "text": self.orders.pop()}

    async def send_text(self, text: str) -> None:
        raise ConnectionError


class Line:
    """The calls of the worker, in their order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended = threading.Event()

    def submit(self, job: PhotoJob, first: bool) -> None:
        self.asked.append("submit")

    def forget(self, client: PhotoConnection) -> None:
        self.asked.append("forget")
        if "submit" in self.asked:
            self.ended.set()


def test_a_job_that_is_being_made_as_the_socket_breaks_ends_with_it() -> None:
    line, making, broken = Line(), threading.Event(), threading.Event()

    def make_job(connection: PhotoConnection, number: int, message: dict[str, Any]) -> Any:
        making.set()
        broken.wait(10)

    async def run() -> None:
        connection = PhotoConnection(Socket(), line, make_job)  # type: ignore[arg-type]
        serving = asyncio.create_task(connection.serve())
        await asyncio.to_thread(making.wait, 10)
        connection.send({"job": 0, "state": "waiting"})
        with pytest.raises(ConnectionError):
            await serving
        broken.set()

    asyncio.run(run())
    assert line.ended.wait(10)
    assert line.asked == ["forget", "submit", "forget"]
