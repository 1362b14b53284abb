"""Statistics of a model's own codes, against which the explorer judges whether a code is typical.

The rule that turns these figures into a word is in `static/manifold.js`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor

from aeviz.server.live.computer import ModelComputer

if TYPE_CHECKING:
    from aeviz.nn.model import Autoencoder

MAX_QUERIES: Final = 500  # codes whose nearest neighbour among all codes is searched for
MAX_RETURNS: Final = 400  # codes decoded, encoded and decoded again
SEED: Final = 0


def typical(model: Autoencoder, latents: Tensor, active: list[int]) -> dict[str, float] | None:
    """Distances between the codes (N, d) of a gallery, and how well they survive a round trip.

    Only `active` dimensions count, if there are any: the decoder ignores the others. In units of z:
    `nearest_median` and `nearest_p95` of the distance from a code to the nearest other one, and
    `apart`, the median distance of two codes. For the round trip z -> x -> z' -> x', with x and x'
    in 8 bits as in the browser: the 99th percentiles of |z - z'| (`code_p99`) and of the mean
    squared difference of x and x' (`image_p99`). None for fewer than two codes.
    """
    count = len(latents)
    if count < 2:
        return None
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SEED))
    codes = latents[:, active] if active else latents
    queries = order[:MAX_QUERIES]
    nearest = nearest_others(codes, queries)
    # Each sampled code and its successor in a random order: nearly independent pairs.
    apart = (codes[queries] - codes[order.roll(-1)[:MAX_QUERIES]]).norm(dim=1)
    image, code = round_trip(model, latents[order[:MAX_RETURNS]], active)
    return {
        "nearest_median": float(nearest.median()),
        "nearest_p95": float(nearest.quantile(0.95)),
        "apart": float(apart.median()),
        "image_p99": float(image.quantile(0.99)),
        "code_p99": float(code.quantile(0.99)),
    }


def nearest_others(codes: Tensor, queries: Tensor) -> Tensor:
    """Distance from each of `codes[queries]` to the nearest other of the codes (N, d)."""
    # In double precision: cdist's matrix products lose small distances in single precision.
    codes = codes.double()
    distances = torch.cdist(codes[queries], codes)
    distances[torch.arange(len(queries)), queries] = torch.inf
    return distances.amin(1)


def round_trip(model: Autoencoder, z: Tensor, active: list[int]) -> tuple[Tensor, Tensor]:
    """z (N, d) -> x -> z' -> x': mean squared difference of x and x', and |z - z'|, each (N,)."""
    computer = ModelComputer(model)
    pixels = computer.decode(z.numpy())
    x = (pixels / 255).astype(np.float32)
    z_back, pixels_back = computer.encode(x)
    image = ((x - pixels_back.astype(np.float32) / 255) ** 2).reshape(len(z), -1).mean(1)
    change: Any = z.numpy() - z_back
    if active:
        change = change[:, active]
    return torch.from_numpy(image), torch.from_numpy(np.linalg.norm(change, axis=1))
