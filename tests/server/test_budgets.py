"""Bounds on what the framework takes from visitors: pages, their uploads, lengths of messages."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from aeviz import limits
from aeviz.server.budgets import Budgets

UPLOAD = "/class/_stcore/upload_file/session-1/file-1"


async def take(request: Request) -> Response:
    await request.body()
    return Response(status_code=204)


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        try:
            await websocket.send_bytes(await websocket.receive_bytes())
        except WebSocketDisconnect:
            return


def app(held: tuple[int, int] = (0, 0)) -> Starlette:
    return Starlette(
        routes=[
            Route("/class/_stcore/upload_file/{session}/{file}", take, methods=["PUT"]),
            WebSocketRoute("/class/_stcore/stream", echo),
            WebSocketRoute("/class/aeviz/live/{model}", echo),
        ],
        middleware=[Middleware(Budgets, held=lambda session: held)],
    )


@pytest.mark.parametrize(
    ("held", "status", "said"),
    [
        ((0, 0), 204, ""),
        ((limits.PAGE_UPLOADS_OF_SESSION - 5, 0), 204, ""),
        ((limits.PAGE_UPLOADS_OF_SESSION - 4, 0), 413, "remove one"),
        ((0, limits.PAGE_UPLOADS - 4), 413, "in a few minutes"),
    ],
)
def test_files_of_pages_are_taken_while_there_is_memory_for_them(
    held: tuple[int, int], status: int, said: str
) -> None:
    with TestClient(app(held)) as client:
        answer = client.put(UPLOAD, content=b"five5")
    assert answer.status_code == status
    assert said in answer.text


def test_a_file_without_its_length_is_not_taken() -> None:
    with TestClient(app()) as client:
        assert client.put(UPLOAD, content=iter([b"x"])).status_code == 413


def test_one_browser_opens_so_many_pages() -> None:
    with TestClient(app()) as client, ExitStack() as stack:
        for _ in range(limits.PAGES.person):
            stack.enter_context(client.websocket_connect("/class/_stcore/stream"))
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/class/_stcore/stream"),
        ):
            raise AssertionError("one page more was opened")
        client.cookies.set("aeviz-person", "s" * 43)
        with client.websocket_connect("/class/_stcore/stream") as classmate:
            classmate.send_bytes(b"hello")
            assert classmate.receive_bytes() == b"hello"


@pytest.fixture
def address() -> Iterator[str]:
    """host:port of a server, as Streamlit starts it."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app(), log_level="critical", ws="websockets-sansio", ws_max_size=32 * limits.MIB
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    host, port = listener.getsockname()
    yield f"{host}:{port}"
    server.should_exit = True
    thread.join(10)


def test_a_long_message_is_refused_by_its_route(address: str) -> None:
    """Pages may send more than the decoder takes."""
    long = bytes(limits.REQUEST + 1)
    with connect(f"ws://{address}/class/_stcore/stream", compression=None, max_size=None) as page:
        page.send(long)
        assert page.recv(timeout=10) == long
    url = f"ws://{address}/class/aeviz/live/tiny"
    with connect(url, compression=None, max_size=None) as client:
        client.send(long[1:])
        assert client.recv(timeout=10) == long[1:]
        with suppress(ConnectionClosed):  # it may hear of it while it sends
            client.send(long)
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(timeout=10)
    # a connection that is reset while the client sends may lose the reason
    assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
