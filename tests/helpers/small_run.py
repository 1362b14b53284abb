"""A run whose epochs are known: two points that move, and images that grow brighter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from aeviz.config import RunConfig
from aeviz.latent.plane import Manifold
from aeviz.presets.autoencoders import preset
from aeviz.runs import store
from aeviz.runs.store import Run, Status
from aeviz.training.snapshots import Snapshot

EPOCHS = 4


def config(**settings: object) -> RunConfig:
    known = {"dataset": "digits", "bottleneck.latent_dim": 2, "training.epochs": EPOCHS - 1}
    return preset("vae").config.replace(**{**known, **settings})


def snapshot(epoch: int, channels: int = 1) -> Snapshot:
    """All images of epoch e are of brightness 60 e; point i lies at (i + e, -i)."""
    grey = np.full((8, channels, 8, 8), 60 * epoch, np.uint8)
    points = np.arange(20, dtype=np.float32)
    places = np.stack([points / 10 + epoch, -points / 10], 1)
    axis = np.linspace(-2, 2, 3, dtype=np.float32)
    tiles = np.full((3, 3, channels, 8, 8), 60 * epoch, np.uint8)
    return Snapshot(
        epoch,
        x=np.full_like(grey, 255),
        x_in=np.full_like(grey, 255),
        x_hat=grey,
        latents=places.astype(np.float16),
        labels=(np.arange(20) % 10).astype(np.int16),
        places=places,
        manifold=Manifold(axis, axis[::-1].copy(), tiles),
    )


def write(folder: Path, one: Snapshot) -> None:
    assert one.manifold is not None
    tensors = {name: getattr(one, name) for name in ("x", "x_in", "x_hat", "latents", "labels")}
    tensors |= {"places": one.places, "manifold.columns": one.manifold.columns}
    tensors |= {"manifold.rows": one.manifold.rows, "manifold.tiles": one.manifold.tiles}
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / f"epoch-{one.epoch:05d}.safetensors")


def run_of(epochs: int = EPOCHS) -> Run:
    """In the runs folder that AEVIZ_RUNS names; its training is over."""
    run = store.create(config())
    run.write_status(Status("done", epoch=EPOCHS - 1))
    for epoch in range(epochs):
        write(run.folder / "snapshots", snapshot(epoch))
    return run
