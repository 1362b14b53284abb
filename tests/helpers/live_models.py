"""Small models and test doubles of the computer for the live tests."""

from __future__ import annotations

import io
import threading

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.models.checkpoint import Gallery, Loaded
from aeviz.nn.model import Autoencoder

SHAPE = (1, 8, 8)


def loaded(
    latent_dim: int = 3,
    gaussian: bool = False,
    images: int = 20,
    shape: tuple[int, int, int] = SHAPE,
) -> Loaded:
    """An untrained dense model of 8 x 8 images with a gallery of random codes."""
    config = RunConfig().replace(
        **{
            "network.hidden": [8],
            "bottleneck.latent_dim": latent_dim,
            "bottleneck.kind": "gaussian" if gaussian else "deterministic",
        }
    )
    torch.manual_seed(0)
    model = Autoencoder(config, shape).eval()
    latents = torch.randn(images, latent_dim)
    gallery = Gallery(
        latents=latents,
        labels=torch.arange(images) % 2,
        class_names=("even", "odd"),
        sprite=sprite(images),
        pca=latents[:, :2].contiguous() if latent_dim > 1 else torch.zeros(images, 2),
        logvar=torch.full_like(latents, -2.0) if gaussian else None,
    )
    return Loaded(model, {}, gallery)


def sprite(images: int) -> bytes:
    """A black sheet of 8 x 8 tiles."""
    columns = int(np.ceil(np.sqrt(images)))
    rows = -(-images // columns)
    file = io.BytesIO()
    Image.new("L", (8 * columns, 8 * rows)).save(file, "PNG")
    return file.getvalue()


class Library:
    """A test double of `aeviz.models.library`: the entries of `models` exist and can be deleted."""

    def __init__(self, **models: Loaded) -> None:
        self.models = models
        self.loads: list[str] = []

    def load(self, name: str) -> Loaded:
        self.version(name)
        self.loads.append(name)
        return self.models[name]

    def version(self, name: str) -> object:
        if name not in self.models:
            raise UserError(f"There is no model called {name}.")
        return id(self.models[name])


class GatedComputer:
    """Returns the first number of each code as one pixel, and only when the test releases it.

    `passes` holds the first numbers of each pass, so a test reads what was computed together.
    """

    def __init__(self) -> None:
        self.passes: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.allowed = threading.Semaphore(0)

    def warm_up(self) -> None:
        """Does nothing."""

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        self.entered.release()
        assert self.allowed.acquire(timeout=10)
        self.passes.append([int(value) for value in codes[:, 0]])
        return codes[:, :1].astype(np.uint8).reshape(-1, 1, 1, 1)

    def encode(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        pixels = np.round(images * 255).astype(np.uint8)
        return images.mean((1, 2)), pixels
