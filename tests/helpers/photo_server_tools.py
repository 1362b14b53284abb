"""Tiny restorers, synthetic photographs and a page's end of the socket, for the photo server."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from starlette.testclient import TestClient, WebSocketTestSession

from aeviz.errors import UserError
from aeviz.models.checkpoint import LoadedRestorer
from aeviz.nn.unet import Restorer
from aeviz.presets.restorers import RESTORERS

BASE = "/aeviz/darkroom"


def tiny(name: str) -> LoadedRestorer:
    """A restorer with few channels, whose weights are random instead of zero."""
    if name not in RESTORERS:
        raise UserError(f"There is no model called {name}.")
    config = RESTORERS[name].replace(
        **{"network.channels": [4, 4], "network.residual": 1, "bottleneck.latent_dim": 4}
    )
    model = Restorer(config)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        model.tail.weight.normal_(std=0.05, generator=draw)
    return LoadedRestorer(model.eval().requires_grad_(False), {"psnr": 30})


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """A smooth uint8 picture (H, W, C), different for each seed."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 20
    waves = [np.sin(x * a + y * b + c) for a, b, c in draw.uniform(0.2, 2, (channels, 3))]
    return np.stack([(128 + 100 * wave).astype(np.uint8) for wave in waves], -1)


def png(pixels: np.ndarray) -> bytes:
    """uint8 (H, W, C) -> a PNG file; four channels are with alpha."""
    file = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def pixels_of(data: bytes) -> np.ndarray:
    """A picture file -> (H, W, C)."""
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def upload(client: TestClient, pixels: np.ndarray, **query: Any) -> dict[str, Any]:
    """The server's description of these pixels."""
    answer = client.post(f"{BASE}/photos", content=png(pixels), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask(session: WebSocketTestSession, job: int, photo: str, task: str, **more: Any) -> None:
    session.send_json({"do": "restore", "job": job, "photo": photo, "task": task, **more})


def told(session: WebSocketTestSession) -> Iterator[dict[str, Any] | bytes]:
    """The messages of a socket: states, and tiles as bytes."""
    while True:
        message = session.receive()
        assert message["type"] == "websocket.send", message
        yield json.loads(message["text"]) if message.get("text") else message["bytes"]


def until_end(session: WebSocketTestSession, job: int) -> tuple[dict[str, Any], list[bytes]]:
    """The last message about this job, and the tiles until then."""
    tiles = []
    for message in told(session):
        if isinstance(message, bytes):
            tiles.append(message)
        elif message["job"] == job and message["state"] in ("done", "stopped", "failed"):
            return message, tiles
    raise AssertionError
