"""Clients that misbehave, on a real server, beside one that must not notice."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
import uvicorn
from live_models import Library, loaded
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from aeviz.live.routes import routes

ONE_CODE = struct.pack("<IB3x", 1, 0) + np.zeros(3, "<f4").tobytes()
MANY_CODES = struct.pack("<IB3x", 2, 0) + np.zeros((16, 3), "<f4").tobytes()


@pytest.fixture
def address() -> Iterator[str]:
    """host:port of a server with a small model, `tiny`, and one of larger images, `wide`."""
    library = Library(tiny=loaded(), wide=loaded(shape=(3, 128, 128)))
    app = Starlette(routes=routes(load=library.load, version=library.version))
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", ws="websockets-sansio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    host, port = listener.getsockname()
    yield f"{host}:{port}"
    server.should_exit = True
    thread.join(10)


def open_socket(address: str) -> ClientConnection:
    return connect(f"ws://{address}/aeviz/live/tiny", compression=None)


def close_code(client: ClientConnection) -> int | None:
    """None if the client is served, else the code that its socket was closed with."""
    try:
        client.send(ONE_CODE)
        client.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0
    return None


def stats(address: str) -> dict[str, int]:
    with urllib.request.urlopen(f"http://{address}/aeviz/live/stats", timeout=10) as answer:
        return dict(json.load(answer))


def wait_for_clients(address: str, count: int) -> None:
    deadline = time.monotonic() + 20
    while stats(address)["clients"] != count:
        assert time.monotonic() < deadline, f"there are not {count} clients: {stats(address)}"
        time.sleep(0.05)


def test_a_client_that_never_reads_is_dropped_and_others_are_served(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.live.connection.SEND_SECONDS", 0.5)
    with open_socket(address) as good, silent_client(address) as silent:
        wait_for_clients(address, 2)
        for _ in range(200):
            # Each asks for 786 kB that nobody takes.
            try:
                silent.sendall(client_frame(MANY_CODES))
            except OSError:
                break
            good.send(ONE_CODE)
            assert len(good.recv(timeout=10)) == 8 + 64
            if stats(address)["clients"] == 1:
                break
        wait_for_clients(address, 1)
        good.send(ONE_CODE)
        assert len(good.recv(timeout=10)) == 8 + 64


def test_a_client_that_sends_far_ahead_gets_every_reply_in_order(address: str) -> None:
    codes = np.linspace(-2, 2, 60, dtype="<f4").repeat(3).reshape(60, 3)
    with open_socket(address) as client:
        for number, code in enumerate(codes):
            client.send(struct.pack("<IB3x", number, 0) + code.tobytes())
        replies = [client.recv(timeout=10) for _ in codes]
    assert [struct.unpack("<I", reply[:4])[0] for reply in replies] == list(range(60))
    assert {len(reply) for reply in replies} == {8 + 64}


def test_more_sockets_than_the_server_takes_are_told_so(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.live.routes.MAX_CLIENTS", 20)
    with ExitStack() as stack:
        good = stack.enter_context(open_socket(address))
        good.send(ONE_CODE)
        good.recv(timeout=10)
        crowd = [stack.enter_context(open_socket(address)) for _ in range(60)]
        codes = [close_code(member) for member in crowd]
        assert (codes.count(None), codes.count(4429)) == (19, 60 - 19)
        good.send(ONE_CODE)
        assert len(good.recv(timeout=10)) == 8 + 64
    wait_for_clients(address, 0)


def test_a_client_that_vanishes_leaves_nothing_behind(address: str) -> None:
    silent = silent_client(address)
    wait_for_clients(address, 1)
    silent.sendall(client_frame(MANY_CODES))
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    silent.close()  # with a reset, as a pulled cable or a killed process leaves it
    wait_for_clients(address, 0)
    with open_socket(address) as good:
        good.send(ONE_CODE)
        assert len(good.recv(timeout=10)) == 8 + 64


def silent_client(address: str) -> socket.socket:
    """A raw socket after the handshake, with a small receive buffer that is never emptied."""
    host, port = address.split(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect((host, int(port)))
    client.sendall(
        f"GET /aeviz/live/wide HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in client.recv(64)
    return client


def client_frame(payload: bytes) -> bytes:
    """One masked binary WebSocket frame (RFC 6455, 5.2); a mask of zeros changes nothing."""
    return struct.pack(">BBH", 0x82, 0x80 | 126, len(payload)) + b"\0\0\0\0" + payload
