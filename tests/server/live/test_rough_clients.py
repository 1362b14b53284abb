"""Clients that misbehave, on a real server, beside one that must not be affected."""

from __future__ import annotations

import json
import socket
import struct
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any
from urllib.error import HTTPError

import numpy as np
import pytest
import uvicorn
from live_models import Library, loaded
from starlette.applications import Starlette
from starlette.middleware import Middleware
from waiting import until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from aeviz import limits
from aeviz.server.budgets import Budgets
from aeviz.server.live.routes import routes

TOO_LARGE = 1 << 20
LARGE_REPLY = 8 + 1024 * 64
ONE_CODE = struct.pack("<IB3x", 1, 0) + np.zeros(3, "<f4").tobytes()
MANY_CODES = struct.pack("<IB3x", 2, 0) + np.zeros((16, 3), "<f4").tobytes()


@pytest.fixture
def library() -> Library:
    """A small model, `tiny`, one of larger images, `wide`, and one that a test may delete."""
    return Library(tiny=loaded(), wide=loaded(shape=(3, 128, 128)), doomed=loaded())


@pytest.fixture
def address(library: Library) -> Iterator[str]:
    """host:port of a server with these models."""
    app = Starlette(
        routes=routes(load=library.load, version=library.version),
        middleware=[Middleware(Budgets, held=lambda session: (0, 0))],
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(
        app,
        log_level="critical",
        ws="websockets-sansio",
        ws_max_size=TOO_LARGE,
        ws_ping_interval=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    host, port = listener.getsockname()
    yield f"{host}:{port}"
    server.should_exit = True
    thread.join(10)


def open_socket(address: str, model: str = "tiny", **options: Any) -> ClientConnection:
    return connect(f"ws://{address}/aeviz/live/{model}", compression=None, **options)


@pytest.fixture
def good(address: str) -> Iterator[ClientConnection]:
    """A well-behaved client that must be served before and after each test."""
    with open_socket(address) as client:
        assert_served(client)
        yield client
        assert_served(client)


def assert_served(client: ClientConnection) -> None:
    client.send(ONE_CODE)
    assert len(client.recv(timeout=30)) == 8 + 64


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
    until(
        lambda: stats(address)["clients"] == count,
        lambda: f"there are not {count} clients: {stats(address)}",
    )


def test_a_client_that_never_reads_is_dropped_and_others_are_served(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.server.live.connection.SEND_SECONDS", 0.5)
    with open_socket(address) as good, silent_client(address) as silent:
        wait_for_clients(address, 2)
        for _ in range(200):
            # Each requests 786 kB that nobody reads.
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


@pytest.fixture
def few_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server, opened after this, that holds two large replies at a time."""
    two = limits.Limit(in_all=2 * LARGE_REPLY, person=2 * LARGE_REPLY)
    monkeypatch.setattr(limits, "REPLIES", two)


@pytest.mark.usefixtures("few_large")
def test_large_requests_take_turns_and_those_of_clients_that_left_hold_no_place(
    address: str,
) -> None:
    grid = struct.pack("<IB3x", 3, 0) + np.zeros((1024, 3), "<f4").tobytes()
    assert LARGE_REPLY > limits.SMALL_REPLY
    for _ in range(4):
        with open_socket(address) as leaver:
            for _ in range(3):
                leaver.send(grid)
    with open_socket(address) as first, open_socket(address) as second:
        for client in (first, second):
            for _ in range(5):
                client.send(grid)
        for client in (first, second):
            assert [len(client.recv(timeout=30)) for _ in range(5)] == [LARGE_REPLY] * 5
        assert_served(first)


@pytest.fixture
def twenty_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server, opened after this, for so many."""
    monkeypatch.setattr(limits, "SOCKETS", limits.Limit(in_all=20, person=20))


@pytest.mark.usefixtures("twenty_sockets")
def test_more_sockets_than_the_server_takes_are_told_so(address: str) -> None:
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


@pytest.mark.usefixtures("few_large")
def test_who_vanishes_while_waiting_for_room_is_soon_forgotten(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is not read meanwhile, so its end is not noticed in that way."""
    monkeypatch.setattr("aeviz.server.live.connection.SEND_SECONDS", 2.0)
    waiting = silent_client(address)
    wait_for_clients(address, 1)
    for _ in range(3):  # replies of 786 kB never fit
        waiting.sendall(client_frame(MANY_CODES))
    waiting.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    waiting.close()
    wait_for_clients(address, 0)


def test_one_person_leaves_places_for_the_others(address: str) -> None:
    """Browsers by their cookies; programs without one by their address, as one person."""
    with ExitStack() as stack:
        crowd = [stack.enter_context(open_socket(address)) for _ in range(40)]
        codes = [close_code(member) for member in crowd]
        assert codes.count(4429) == 40 - limits.SOCKETS.person
        cookie = {"Cookie": f"aeviz-person={'s' * 43}"}
        with open_socket(address, additional_headers=cookie) as student:
            assert_served(student)


@pytest.fixture
def sockets_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server, opened after this, that gives all of its sockets to one person."""
    sockets = limits.SOCKETS.in_all
    monkeypatch.setattr(limits, "SOCKETS", limits.Limit(in_all=sockets, person=sockets))


@pytest.mark.usefixtures("sockets_for_one")
def test_a_thousand_sockets_at_once_are_served_or_told_so(
    address: str, good: ClientConnection
) -> None:
    host, port = address.split(":")
    with ExitStack() as stack:
        crowd = [
            stack.enter_context(closing(socket.create_connection((host, int(port)), timeout=60)))
            for _ in range(1000)
        ]
        for member in crowd:
            member.sendall(handshake(address, "tiny"))
        assert_served(good)
        codes = Counter(first_answer(member) for member in crowd)
        # One place is the good client's; all others get a reply or the named reason.
        assert codes == {None: limits.SOCKETS.in_all - 1, 4429: 1000 - (limits.SOCKETS.in_all - 1)}
        assert_served(good)
    wait_for_clients(address, 1)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"hello", 4400),
        ("text", 4400),
        (struct.pack("<IB3x", 1, 0) + np.full(3, np.nan, "<f4").tobytes(), 4400),
        (struct.pack("<IB3x", 1, 0) + bytes(4 * 3 * 1025), 4400),
        (bytes(TOO_LARGE + 1), 1009),  # RFC 6455, 7.4.1: a message too big
    ],
    ids=["malformed", "text", "NaN", "too many codes", "oversized"],
)
def test_a_bad_message_ends_its_own_connection_with_a_reason(
    address: str, good: ClientConnection, message: bytes | str, code: int
) -> None:
    with open_socket(address) as bad:
        with suppress(ConnectionClosed):  # the server may close before it has read all
            bad.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            bad.recv(timeout=10)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == code
    assert caught.value.rcvd.reason


@pytest.mark.usefixtures("good")
def test_a_foreign_page_gets_no_socket(address: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        open_socket(address, origin="http://elsewhere.example")
    assert caught.value.response.status_code == 403


@pytest.mark.usefixtures("good")
def test_a_model_deleted_while_explored_serves_who_has_it_open_and_nobody_after(
    address: str, library: Library
) -> None:
    with open_socket(address, "doomed") as explorer:
        assert_served(explorer)
        del library.models["doomed"]
        assert_served(explorer)
        with open_socket(address, "doomed") as late, pytest.raises(ConnectionClosed) as caught:
            late.recv(timeout=10)
        assert_served(explorer)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (
        4400,
        "There is no model called doomed.",
    )
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"http://{address}/aeviz/gallery/doomed", timeout=10)
    assert json.load(refused.value) == {"error": "There is no model called doomed."}


def first_answer(member: socket.socket) -> int | None:
    """None for a reply, else the code that the connection was closed with."""
    stream = member.makefile("rb")
    while stream.readline().strip():
        pass  # the handshake's answer
    with suppress(OSError):  # closed already
        member.sendall(client_frame(ONE_CODE))
    head = stream.read(2)
    if head[0] == 0x82:
        return None
    assert head[0] == 0x88, head
    return int.from_bytes(stream.read(2), "big")


def silent_client(address: str) -> socket.socket:
    """A raw socket after the handshake, with a small receive buffer that is never emptied."""
    host, port = address.split(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect((host, int(port)))
    client.sendall(handshake(address, "wide"))
    assert b"101" in client.recv(64)
    return client


def handshake(address: str, model: str) -> bytes:
    return (
        f"GET /aeviz/live/{model} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


def client_frame(payload: bytes) -> bytes:
    """One masked binary WebSocket frame (RFC 6455, 5.2); a mask of zeros changes nothing."""
    length = bytes([0x80 | len(payload)])
    if len(payload) > 125:
        length = struct.pack(">BH", 0x80 | 126, len(payload))
    return b"\x82" + length + b"\0\0\0\0" + payload
