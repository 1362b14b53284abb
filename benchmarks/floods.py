"""Floods of a rude student: each holds as much as it can for a while. Part of `rude_class.py`."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import torch

from aeviz.config import BottleneckConfig, NetworkConfig, RunConfig
from aeviz.images import encode_sprite
from aeviz.models import checkpoint
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import preset
from aeviz.runs import spawn

LARGE = "large-images"
SLOW = "slow-gallery"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Target:
    """The server's address, and the folder of its runs."""

    url: str
    runs: Path

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def connect(self) -> socket.socket:
        name, _, port = self.host.partition(":")
        return socket.create_connection((name, int(port)), timeout=10)


def models(runs: Path) -> None:
    """Two uploaded models: one with the largest images, one whose gallery takes long to open."""
    large = RunConfig(
        network=NetworkConfig(kind="conv", hidden=(), channels=(4, 4)),
        bottleneck=BottleneckConfig(latent_dim=1),
    )
    _keep(runs, LARGE, checkpoint.to_bytes(Autoencoder(large, (3, 256, 256)), {}, None))
    slow = RunConfig(network=NetworkConfig(hidden=()), bottleneck=BottleneckConfig(latent_dim=1000))
    n = 1000
    gallery = checkpoint.Gallery(
        latents=torch.randn(n, 1000),
        labels=torch.zeros(n, dtype=torch.long),
        class_names=("one",),
        sprite=encode_sprite(torch.zeros(n, 1, 8, 8, dtype=torch.uint8)),
        pca=torch.randn(n, 2),
    )
    _keep(runs, SLOW, checkpoint.to_bytes(Autoencoder(slow, (1, 8, 8)), {}, gallery))


def _keep(runs: Path, name: str, data: bytes) -> None:
    (runs / name).mkdir(parents=True)
    (runs / name / "model.safetensors").write_bytes(data)


# ---- the floods ----------------------------------------------------------------------------------


@contextlib.contextmanager
def large_replies(target: Target) -> Iterator[str]:
    """Sockets that request as many large images as allowed, and read no replies."""
    asked = struct.pack("<IB3x", 1, 0) + bytes(4 * 80)
    with _sockets(target, f"/aeviz/live/{LARGE}", 40) as sockets:
        for one in sockets:
            for _ in range(8):
                with contextlib.suppress(OSError):
                    one.sendall(_frame(len(asked)) + asked)
        yield f"{len(sockets)} sockets request 8 x 15 MiB each"


@contextlib.contextmanager
def slow_galleries(target: Target) -> Iterator[str]:
    """More requests for a gallery at once than there are threads."""
    ask = f"GET /aeviz/gallery/{SLOW} HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(45):
            stack.enter_context(one := target.connect())
            one.sendall(ask)
        yield "45 requests for one slow gallery"


@contextlib.contextmanager
def half_messages(target: Target) -> Iterator[str]:
    """Messages of 180 MB that never end, on all of the server's sockets."""
    sent = 0
    with contextlib.ExitStack() as stack:
        for path in ("/aeviz/live/vae-mnist", "/aeviz/darkroom/work", "/_stcore/stream"):
            for one in stack.enter_context(_sockets(target, path, 8)):
                with contextlib.suppress(OSError):
                    one.settimeout(2)
                    one.sendall(_frame(185_000_000))
                    for _ in range(180):
                        one.sendall(bytes(CHUNK))
                        sent += 1
        yield f"{sent:,} MB of messages that never end"


@contextlib.contextmanager
def many_sockets(target: Target) -> Iterator[str]:
    """More sockets than the server accepts."""
    with (
        _sockets(target, "/aeviz/live/vae-mnist", 650) as live,
        _sockets(target, "/aeviz/darkroom/work", 350) as photos,
    ):
        yield f"{len(live)} live sockets and {len(photos)} of Restore opened"


@contextlib.contextmanager
def slow_uploads(target: Target) -> Iterator[str]:
    """Uploads of photographs that send a byte now and then."""
    head = (
        f"POST /aeviz/darkroom/photos HTTP/1.1\r\nHost: {target.host}\r\n"
        "Content-Length: 1000000\r\n\r\n"
    ).encode()
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(target.connect()) for _ in range(60)]
        for one in sockets:
            one.sendall(head + b"x")
        over = threading.Event()

        def drip() -> None:
            while not over.wait(3):
                for one in sockets:
                    with contextlib.suppress(OSError):
                        one.sendall(b"x")

        threading.Thread(target=drip, daemon=True).start()
        stack.callback(over.set)
        yield "60 uploads of a byte every three seconds"


@contextlib.contextmanager
def full_disk(target: Target) -> Iterator[str]:
    """Uploads of images that are never turned into a data set."""
    kept = 0
    for _ in range(20):
        request = urllib.request.Request(
            f"{target.url}/aeviz/images", data=bytes(64 * CHUNK), method="POST"
        )
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=60) as answer:
            kept += answer.status == 200
    yield f"{kept} of 20 uploads of 64 MiB were accepted"


@contextlib.contextmanager
def half_headers(target: Target) -> Iterator[str]:
    """Requests whose headers never end."""
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(one := target.connect())
            one.sendall(b"GET / HTTP/1.1\r\nHost: ")
        yield "300 half-sent headers"


@contextlib.contextmanager
def many_runs(target: Target) -> Iterator[str]:
    """One person presses Train sixty times; the runs are stopped at the end."""
    os.environ["AEVIZ_RUNS"] = str(target.runs)
    config = preset("vae").config.replace(**{"training.epochs": 10_000})
    owner, runs = secrets.token_hex(16), []
    for _ in range(60):
        with contextlib.suppress(Exception):  # refused
            runs.append(spawn.start(config, owner))
    yield f"{len(runs)} of 60 runs of one person were started"
    for run in runs:
        run.request_stop()
    deadline = time.monotonic() + 60
    while not all(run.is_over for run in runs) and time.monotonic() < deadline:
        time.sleep(0.5)


Flood = Callable[[Target], contextlib.AbstractContextManager[str]]
FLOODS: dict[str, Flood] = {
    "large replies": large_replies,
    "slow galleries": slow_galleries,
    "half messages": half_messages,
    "many sockets": many_sockets,
    "slow uploads": slow_uploads,
    "full disk": full_disk,
    "half headers": half_headers,
    "many runs": many_runs,
}


# ---- parts ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _sockets(target: Target, path: str, count: int) -> Iterator[list[socket.socket]]:
    """WebSockets whose handshake succeeded, including those that were closed at once."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            with contextlib.suppress(OSError):
                one = stack.enter_context(target.connect())
                one.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: {target.host}\r\nConnection: Upgrade\r\n"
                    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
                )
                if b" 101 " in one.recv(4096).partition(b"\r\n")[0]:
                    opened.append(one)
        yield opened


def _frame(length: int) -> bytes:
    """The header of a masked binary frame; the mask is 0."""
    if length < 65536:
        return struct.pack(">BBH4x", 0x82, 0x80 | 126, length)
    return struct.pack(">BBQ4x", 0x82, 0x80 | 127, length)
