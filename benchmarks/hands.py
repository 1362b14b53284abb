"""Many WebSocket clients in one thread: hands that drag at 60 Hz, and clients that request grids.

It shares the processor with the server that it measures, so it is as light as possible: raw sockets
with one selector, and messages prepared in advance and masked with zeros (RFC 6455, 5.3, requires a
mask, and zeros leave the bytes unchanged).

    python -m benchmarks.hands URL --model vae-mnist --clients 60 --seconds 10 --grids 0

prints one JSON object. A hand behaves like `aeviz/web/static/socket.js`.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import os
import random
import secrets
import selectors
import socket
import struct
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.serving import memory, processor_seconds

FRAME = 1 / 60
MAX_IN_FLIGHT = 4
FORGOTTEN = 2e-5  # seconds by which the shortest round trip is raised with each reply
GRID_CODES = 900
WARM_UP_SECONDS = 1.0
PATH_CODES = 240  # positions on the closed path of a hand
HEADER = struct.Struct("<IB3x")


@dataclass(eq=False)
class Wire:
    """One WebSocket: whole binary messages in, whole frames out."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)

    def messages(self) -> list[tuple[int, int]]:
        """Request id and body length of each reply that is complete."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed a connection")
        buffer = self.received
        buffer += data
        found: list[tuple[int, int]] = []
        at = 0
        while len(buffer) - at >= 10 or (len(buffer) - at >= 2 and buffer[at + 1] < 126):
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if len(buffer) - start < length:
                break
            if buffer[at] == 0x82:
                found.append((HEADER.unpack_from(buffer, start)[0], length - HEADER.size))
            elif buffer[at] == 0x89:  # a pong repeats the content of the ping
                payload = bytes(buffer[start : start + length])
                self.socket.sendall(bytes((0x8A, 0x80 | length)) + b"\0\0\0\0" + payload)
            elif buffer[at] == 0x88:
                code = int.from_bytes(buffer[start : start + 2], "big")
                raise ConnectionError(f"{code} {bytes(buffer[start + 2 : start + length])!r}")
            at = start + length
        del buffer[:at]
        return found


def open_wire(url: str, model: str) -> Wire:
    """A non-blocking socket after the handshake, with the cookie of a separate browser."""
    address = urlsplit(url)
    wire = socket.create_connection((address.hostname or "", address.port or 80), timeout=30)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.sendall(
        f"GET {address.path}/aeviz/live/{model} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Cookie: aeviz-person={secrets.token_urlsafe(32)}\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += wire.recv(1)
    if b" 101 " not in answer.splitlines()[0]:
        raise SystemExit(f"{url} does not take WebSockets: {answer.splitlines()[0]!r}")
    return Wire(wire)


def frame_head(length: int) -> bytes:
    """The header of a masked binary frame."""
    if length < 126:
        return struct.pack(">BB4x", 0x82, 0x80 | length)
    if length < 65536:
        return struct.pack(">BBH4x", 0x82, 0x80 | 126, length)
    return struct.pack(">BBQ4x", 0x82, 0x80 | 127, length)


class Hand:
    """A client that drags at 60 Hz. The newest position replaces one that still waits."""

    def __init__(self, wire: Wire, path: list[bytes], start: int) -> None:
        self.wire = wire
        self.path = path
        self.at = start
        self.head = frame_head(HEADER.size + len(path[0]))
        self.flights: dict[int, tuple[float, float]] = {}  # id -> (moved, sent)
        self.newest: float | None = None
        self.sent_this_frame = False
        self.next_id = 1
        self.drawn_id = 0
        self.round_trip = FRAME / 2
        self.least_trip = 1.0
        self.seconds: list[float] = []

    def move(self, due: float) -> None:
        self.sent_this_frame = False
        self.at += 1
        self.newest = due
        self.flush()

    def flush(self) -> None:
        needed, idle = math.ceil(self.round_trip / FRAME), math.ceil(self.least_trip / FRAME)
        window = min(MAX_IN_FLIGHT, needed, idle + 1)
        if self.newest is None or self.sent_this_frame or len(self.flights) >= window:
            return
        code = self.path[self.at % len(self.path)]
        self.flights[self.next_id] = self.newest, time.perf_counter()
        self.newest = None
        self.sent_this_frame = True
        self.wire.socket.sendall(self.head + HEADER.pack(self.next_id, 0) + code)
        self.next_id += 1

    def read(self) -> None:
        for number, _ in self.wire.messages():
            moved, sent = self.flights.pop(number)
            now = time.perf_counter()
            self.round_trip += 0.15 * (now - sent - self.round_trip)
            self.least_trip = min(now - sent, self.least_trip + FORGOTTEN)
            if number > self.drawn_id:
                self.drawn_id = number
                self.seconds.append(now - moved)
        self.flush()


class GridAsker:
    """A client that requests grids back to back."""

    def __init__(self, wire: Wire, codes: bytes) -> None:
        self.wire = wire
        self.message = frame_head(HEADER.size + len(codes)) + HEADER.pack(1, 0) + codes
        self.seconds: list[float] = []
        self.ask()

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.wire.socket.sendall(self.message)

    def read(self) -> None:
        for _ in self.wire.messages():
            self.seconds.append(time.perf_counter() - self.asked)
            self.ask()


def run(url: str, args: argparse.Namespace) -> dict[str, object]:
    """Lets the hands drag; returns what each measured, and the resources they and the server
    used."""
    path = circle(latent_dim(url, args.model))
    selector = selectors.DefaultSelector()
    at_first = memory(args.server)
    hands = [
        Hand(open_wire(url, args.model), path, random.randrange(PATH_CODES))
        for _ in range(args.clients)
    ]
    grid = b"".join((path * 4)[:GRID_CODES])
    askers = [GridAsker(open_wire(url, args.model), grid) for _ in range(args.grids)]
    everybody: list[Hand | GridAsker] = [*hands, *askers]
    for client in everybody:
        selector.register(client.wire.socket, selectors.EVENT_READ, client.read)
    move_all(hands, selector, WARM_UP_SECONDS)
    for client in everybody:
        client.seconds.clear()
    pids = (os.getpid(), args.server)
    before = [processor_seconds(pid) for pid in pids]
    took = move_all(hands, selector, args.seconds)
    used = [processor_seconds(pid) - then for pid, then in zip(pids, before, strict=True)]
    grown = memory(args.server) - at_first
    return {
        "frames_per_second": [round(len(hand.seconds) / took, 2) for hand in hands],
        "latencies_ms": [round(1e3 * s, 2) for hand in hands for s in hand.seconds],
        "grid_seconds": [round(s, 3) for asker in askers for s in asker.seconds],
        "cores": {"load": round(used[0] / took, 2), "server": round(used[1] / took, 2)},
        "bytes_per_client": grown // max(1, args.clients + args.grids),
    }


def move_all(hands: list[Hand], selector: selectors.BaseSelector, seconds: float) -> float:
    """Moves each hand 60 times a second, evenly spread in time; returns the seconds it took."""
    start = time.perf_counter()
    spread = [(start + FRAME * i / max(1, len(hands)), i) for i in range(len(hands))]
    heapq.heapify(spread)
    end = start + seconds
    while (now := time.perf_counter()) < end:
        while spread and spread[0][0] <= now:
            due, index = spread[0]
            hands[index].move(due)
            heapq.heapreplace(spread, (due + FRAME, index))
        wait = spread[0][0] - time.perf_counter() if spread else 0.01
        for key, _ in selector.select(max(0.0, wait)):
            key.data()
    return time.perf_counter() - start


def circle(dimensions: int) -> list[bytes]:
    """Codes on a circle of radius 2 through all dimensions: each differs from the last."""
    path = []
    for step in range(PATH_CODES):
        angle = 2 * math.pi * step / PATH_CODES
        code = [2 * math.sin(angle + dimension) for dimension in range(dimensions)]
        path.append(struct.pack(f"<{dimensions}f", *code))
    return path


def latent_dim(url: str, model: str) -> int:
    with urllib.request.urlopen(f"{url}/aeviz/models", timeout=60) as answer:
        for entry in json.load(answer):
            if entry["name"] == model:
                return int(entry["latent_dim"])
    raise SystemExit(f"the server has no model {model}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--model", default="vae-mnist")
    parser.add_argument("--clients", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--grids", type=int, default=0)
    parser.add_argument("--server", type=int, default=0, help="process id of the server")
    args = parser.parse_args()
    json.dump(run(args.url, args), sys.stdout)


if __name__ == "__main__":
    main()
