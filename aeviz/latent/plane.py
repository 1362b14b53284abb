"""A plane through a latent space that keeps still while the space is being learnt, and what the
decoder makes of the codes on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn.functional import interpolate

from aeviz.latent.projection import PCA2, Array, as_codes
from aeviz.nn.model import Autoencoder

SIDE = 12
FEWEST = 6
VALUES = 200_000
"""Pixel values of a whole manifold: fewer tiles where images are large."""
TILE_SIDE = 48
PRIOR_EXTENT = 2.0
"""Sigmas of the prior that a manifold reaches."""
INSIDE = 0.98
"""Of the codes, what a manifold's range holds on each axis where there is no prior to say."""


def aligned(codes: ArrayLike, before: NDArray[np.floating] | None) -> PCA2:
    """The plane of largest variance of codes (M, d), turned to lie as it did before.

    Its axes are free to turn and flip from epoch to epoch; where the same images' places `before`
    (M, 2) are known, they are turned so that the new places lie as near to those as they can
    (orthogonal Procrustes, Schönemann 1966). Codes of one or two dimensions are drawn as they are.
    """
    z = as_codes(codes)
    plane = PCA2.fit(z)
    if before is None or z.shape[1] <= 2 or before.shape != (len(z), 2):
        return plane
    places = plane.project(z).astype(np.float64)
    u, _, vt = np.linalg.svd((places - places.mean(0)).T @ (before - before.mean(0)))
    turn = u @ vt
    components = turn.T @ plane.components
    total = z.astype(np.float64).var(0).sum() or 1.0
    explained = (places @ turn).var(0) / total
    return PCA2(plane.mean, components.astype(np.float32), explained.astype(np.float32))


@dataclass(frozen=True)
class Manifold:
    """columns (K,) and rows (R,): places along the plane's two axes, rows falling, so that the top
    one comes first; tiles uint8 (R, K, C, h, w): the codes at those places, decoded."""

    columns: NDArray[np.float32]
    rows: NDArray[np.float32]
    tiles: NDArray[np.uint8]


@torch.no_grad()
def manifold(model: Autoencoder, plane: PCA2, places: Array) -> Manifold:
    """What a model in eval mode decodes on a grid over the plane; `places` (M, 2) are the codes'.

    A VAE's code of two dimensions is laid out by the quantiles of its prior (Kingma & Welling 2014,
    appendix A), which stay where they are while it learns; others by the range of the codes. A code
    of one dimension has a single row.
    """
    d = model.latent_dim
    side = tiles_per_side(model.image_shape)
    if model.is_gaussian and d <= 2:
        columns = rows = quantiles(side, PRIOR_EXTENT)
    else:
        low, high = np.quantile(places, [(1 - INSIDE) / 2, (1 + INSIDE) / 2], axis=0)
        columns, rows = (np.linspace(low[i], high[i], side) for i in (0, 1))
    rows = rows[::-1] if d > 1 else np.zeros(1)
    over = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)  # row by row, from the top
    codes = torch.from_numpy(plane.inverse(over)).clamp(*_bounds(model))
    device = next(model.parameters()).device
    x_hat = torch.cat([model.decode(part.to(device)).cpu() for part in codes.split(256)])
    longest = max(x_hat.shape[2:])
    if longest > TILE_SIDE:
        x_hat = interpolate(x_hat, scale_factor=TILE_SIDE / longest, mode="area")
    tiles = (x_hat.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return Manifold(
        columns.astype(np.float32),
        rows.astype(np.float32),
        tiles.reshape(len(rows), len(columns), *tiles.shape[1:]),
    )


def tiles_per_side(image_shape: tuple[int, int, int]) -> int:
    """12 for images of 28x28; fewer where they are larger."""
    channels, *sides = image_shape
    h, w = (min(side, TILE_SIDE) for side in sides)
    return int(np.clip(np.sqrt(VALUES / (channels * h * w)), FEWEST, SIDE))


def quantiles(count: int, extent: float) -> NDArray[np.float64]:
    """The standard normal's quantiles at evenly spaced probabilities, from -extent to extent."""
    low, high = torch.special.ndtr(torch.tensor([-extent, extent], dtype=torch.float64)).tolist()
    return torch.special.ndtri(torch.linspace(low, high, count, dtype=torch.float64)).numpy()


def _bounds(model: Autoencoder) -> tuple[float, float]:
    """Where codes can lie: a place on a plane may be none that the encoder could give."""
    kinds = {"relu": (0.0, np.inf), "sigmoid": (0.0, 1.0)}
    return kinds.get(model.config.bottleneck.activation, (-np.inf, np.inf))
