"""Pages that misbehave, on a real server, beside one that must not be affected."""

from __future__ import annotations

import json
import socket
import struct
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import uvicorn
from photo_server_tools import BASE, picture, png
from starlette.applications import Starlette
from waiting import until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from aeviz.limits import Limit
from aeviz.restoration import photo as restore_photo
from aeviz.server.photos.routes import PhotoServer


@pytest.fixture
def address(darkroom: PhotoServer) -> Iterator[str]:
    """host:port of a server with tiny models."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=darkroom.routes())
    config = uvicorn.Config(app, log_level="critical", ws="websockets-sansio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    host, port = listener.getsockname()
    yield f"{host}:{port}"
    server.should_exit = True
    thread.join(10)


def open_socket(address: str, **options: Any) -> ClientConnection:
    return connect(f"ws://{address}{BASE}/work", compression=None, **options)


def upload(address: str, pixels: np.ndarray) -> str:
    url = f"http://{address}{BASE}/photos"
    with urllib.request.urlopen(url, data=png(pixels), timeout=30) as answer:
        return json.load(answer)["id"]


def wish(photo: str, job: int = 1) -> str:
    return json.dumps({"do": "restore", "job": job, "photo": photo, "task": "denoise"})


def until_end(client: ClientConnection) -> dict[str, Any]:
    while True:
        message = client.recv(timeout=30)
        if isinstance(message, str):
            told = json.loads(message)
            if told["state"] not in ("waiting", "working"):
                return told


@pytest.mark.parametrize(
    "message",
    [
        b"bytes",
        "no JSON",
        "[]",
        "{}",
        '{"do": "restore"}',
        '{"do": "wash", "job": 1}',
        '{"do": "stop", "job": -1}',
        '{"do": "stop", "job": 4294967296}',
        '{"do": "stop", "job": true}',
        '{"do": "stop", "job": 1.5}',
        "[" * 4000,
        '{"do": "stop", "job": 1, "more": "' + "x" * 5000 + '"}',
    ],
)
def test_a_message_that_breaks_the_protocol_ends_its_own_connection(
    address: str, message: bytes | str
) -> None:
    photo = upload(address, picture(16, 16))
    with open_socket(address) as good:
        with open_socket(address) as bad:
            bad.send(message)
            with pytest.raises(ConnectionClosed) as caught:
                bad.recv(timeout=10)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4400
        assert caught.value.rcvd.reason
        good.send(wish(photo))
        assert until_end(good)["state"] == "done"


def test_a_foreign_page_gets_no_socket(address: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        open_socket(address, origin="http://elsewhere.example")
    assert caught.value.response.status_code == 403


@pytest.fixture
def one_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server, opened after this, for one page."""
    monkeypatch.setattr("aeviz.limits.PHOTO_SOCKETS", Limit(in_all=1, person=1))


@pytest.mark.usefixtures("one_socket")
def test_more_pages_than_the_server_takes_are_told_so(address: str) -> None:
    with open_socket(address) as first:
        with open_socket(address) as second, pytest.raises(ConnectionClosed) as caught:
            second.recv(timeout=10)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4429
        first.send(wish("none"))
        assert until_end(first)["gone"] is True


def test_a_page_that_never_reads_loses_tiles_then_its_socket_and_holds_up_nobody(
    address: str, darkroom: PhotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.server.photos.connection.MAX_UNSENT", 100_000)
    monkeypatch.setattr("aeviz.server.photos.connection.SEND_SECONDS", 1.0)
    monkeypatch.setattr(restore_photo, "SIDE", 128)
    monkeypatch.setattr(restore_photo, "OVERLAP", 32)
    noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3), dtype=np.uint8)
    photo, small = upload(address, noise), upload(address, picture(16, 16))
    silent = silent_page(address)
    for job in range(8):
        silent.sendall(client_frame(wish(photo, job).encode()))
    with open_socket(address) as good:
        for _ in range(3):
            good.send(wish(small))
            assert until_end(good)["state"] == "done"
    until(lambda: not darkroom._guard.open_sockets, "the page that reads nothing keeps its socket")
    silent.close()


def test_tiles_that_a_slow_page_did_not_take_are_counted(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.server.photos.connection.MAX_UNSENT", -1)
    photo = upload(address, picture(16, 16))
    with open_socket(address) as page:
        page.send(wish(photo))
        assert until_end(page)["skipped"] == 1
        page.send(wish(photo))
        assert until_end(page)["skipped"] == 1


def silent_page(address: str) -> socket.socket:
    """A raw socket after the handshake, with a small receive buffer that is never emptied."""
    host, port = address.split(":")
    page = socket.socket()
    page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    page.settimeout(20)
    page.connect((host, int(port)))
    page.sendall(
        f"GET {BASE}/work HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in page.recv(64)
    return page


def client_frame(payload: bytes) -> bytes:
    """One masked text WebSocket frame (RFC 6455, 5.2); a mask of zeros changes nothing."""
    length = bytes([0x80 | len(payload)])
    if len(payload) > 125:
        length = struct.pack(">BH", 0x80 | 126, len(payload))
    return b"\x81" + length + b"\0\0\0\0" + payload
