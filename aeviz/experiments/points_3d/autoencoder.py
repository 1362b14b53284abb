"""The autoencoder of points in space, and the surface of its decoder."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch

from aeviz.config import BottleneckConfig, LossConfig, NetworkConfig, RunConfig
from aeviz.experiments.points_3d.arms import Map
from aeviz.experiments.points_3d.parameters import BATCH, Parameters
from aeviz.experiments.surfaces import Array, Cloud
from aeviz.nn.model import Autoencoder

RATE: Final = 1e-2
FRAMES: Final = 10
GRID: Final = 22
"""Codes along each side of the decoded grid."""
REACH: Final = 1.0
"""Steps of the grid that the surface reaches beyond the codes."""


def rounded(values: Array) -> list[Any]:
    """As lists, for the arrays of a result."""
    found: list[Any] = np.round(np.asarray(values, dtype=np.float64), 3).tolist()
    return found


def config(params: Parameters, seed: int = 0) -> RunConfig:
    """3 - 64 - 64 - 2 - 64 - 64 - 3 with smooth activations, so that the surface has no edges."""
    return RunConfig(
        network=NetworkConfig(
            hidden=(params.width, params.width), activation="silu", output="linear", init="glorot"
        ),
        bottleneck=BottleneckConfig(latent_dim=2),
        loss=LossConfig(reconstruction="mse"),
    ).replace(**{"training.seed": seed})


def trained(
    params: Parameters, cloud: Cloud, held_out: Array, seed: int
) -> tuple[Map, dict[str, list[Any]]]:
    """Trained here: points are no images, and have no black and white. With the decoded grid of
    codes of a few moments of the training of the first seed."""
    settings = config(params, seed)
    model = Autoencoder(settings, (1, 1, 3))
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), RATE, fused=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, params.steps, pct_start=0.15)
    x = torch.from_numpy(cloud.points).float()[:, None, None]  # (N, 1, 1, 3)
    shown = {round(params.steps * (frame / FRAMES) ** 2) for frame in range(1, FRAMES + 1)}
    arrays: dict[str, list[Any]] = {"steps": [], "surfaces": []}
    for step in range(1, params.steps + 1):
        batch = x[torch.randint(len(x), (BATCH,), generator=chance)]
        loss = model.loss(model(batch), batch, batch, settings.loss.beta).total
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rate.step()
        if step in shown and not seed:
            arrays["steps"].append(step)
            arrays["surfaces"].append(surface(model, encode(model, cloud.points)))
    model.eval().requires_grad_(False)
    made = Map(
        encode(model, cloud.points),
        lambda new: encode(model, new),
        lambda z: decode(model, z),
    )
    return made, arrays if not seed else {}


@torch.no_grad()
def encode(model: Autoencoder, points: Array) -> Array:
    """Points (N, 3) to codes (N, 2)."""
    codes: Array = model.encode(torch.from_numpy(points).float()[:, None, None]).double().numpy()
    return codes


@torch.no_grad()
def decode(model: Autoencoder, z: Array) -> Array:
    """Codes (N, 2) to points (N, 3)."""
    points: Array = model.decode(torch.from_numpy(z).float()).reshape(-1, 3).double().numpy()
    return points


def surface(model: Autoencoder, z: Array) -> list[list[list[float | None]]]:
    """The decoder's surface over the range of the codes z (N, 2): GRID rows of as many places, None
    where no code is within REACH steps of the grid: there the decoder only guesses."""
    low, high = z.min(0), z.max(0)
    axes = [np.linspace(low[i], high[i], GRID) for i in (0, 1)]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    step = np.maximum((high - low) / (GRID - 1), 1e-12)
    near = np.linalg.norm((grid[:, None] - z) / step, axis=2).min(1) <= REACH
    places: list[list[float | None]] = [
        place if known else [None] * 3
        for place, known in zip(rounded(decode(model, grid)), near, strict=True)
    ]
    return [places[start : start + GRID] for start in range(0, len(places), GRID)]
