"""The photo tool in a browser, for its tests: small restorers, photos, the canvas's pixels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect
from small_restorer import tiny

from aeviz.models import checkpoint
from aeviz.nn.unet import Restorer
from aeviz.presets.restorers import RESTORERS
from tests.e2e.conftest import drawn

PAGE = "/restore?view=photos"
CANVAS = "aeviz-photo-canvas"
PATIENCE_MS = 120_000
"""The first photo waits for imports of the server; other tests may run meanwhile."""


@contextmanager
def small_restorers(folder: Path) -> Iterator[None]:
    """Servers started meanwhile find small restorers, which change their input."""
    for name in RESTORERS:
        model = Restorer(tiny(name))
        with torch.no_grad():
            model.tail.weight.normal_(std=0.05, generator=torch.Generator().manual_seed(1))
        checkpoint.save(folder / f"{name}.safetensors", model.eval(), {}, None, half=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEVIZ_CHECKPOINTS", str(folder))
        yield


def photo(width: int, height: int, seed: int = 0) -> bytes:
    """A noisy colour gradient as a PNG file."""
    draw = np.random.default_rng(seed)
    ramp = np.linspace(40, 180, width)[None, :, None] + np.zeros((height, 1, 3))
    pixels = np.clip(ramp + draw.normal(0, 12, ramp.shape), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def opened(page: Page, url: str) -> None:
    """Opens the page and waits until the first sample is restored."""
    page.goto(url)
    restored(page)


def restored(page: Page) -> None:
    expect(page.get_by_test_id("aeviz-download")).to_be_enabled(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("aeviz-progress")).to_be_hidden(timeout=PATIENCE_MS)
    page.wait_for_function(drawn(CANVAS))


def pixels(page: Page) -> str:
    return str(page.get_by_test_id(CANVAS).evaluate("(canvas) => canvas.toDataURL()"))


def changes(page: Page, before: str) -> str:
    """Waits until the picture on the canvas changes; returns the new one."""
    page.wait_for_function(
        f"(before) => document.querySelector('[data-testid={CANVAS}]').toDataURL() !== before",
        arg=before,
    )
    return pixels(page)
