"""A plane through a latent space that stays aligned from epoch to epoch, and the decoder's images
of the codes on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn.functional import interpolate

from aeviz.latent.projection import PCA2, Array, as_codes
from aeviz.nn.model import Autoencoder

SIDE = 12
MIN_SIDE = 6
VALUES = 200_000
"""Pixel values of a whole manifold: fewer tiles if images are large."""
TILE_SIDE = 48
PRIOR_EXTENT = 2.0
"""A manifold covers so many sigmas of the prior."""
INSIDE = 0.98
"""Without a prior, a manifold covers this share of the codes on each axis."""


def aligned_plane(codes: ArrayLike, before: NDArray[np.floating] | None) -> PCA2:
    """The plane of largest variance of codes (M, d), rotated to match the previous epoch.

    PCA axes can rotate and flip from epoch to epoch. If the previous places `before` (M, 2) of the
    same images are given, the axes are rotated so that the new places are as near to them as
    possible (orthogonal Procrustes, Schönemann 1966). Codes of one or two dimensions are drawn as
    they are.
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
    """columns (K,) and rows (R,): places along the plane's two axes, rows in descending order, the
    top one first; tiles uint8 (R, K, C, h, w): the decoded codes at those places."""

    columns: NDArray[np.float32]
    rows: NDArray[np.float32]
    tiles: NDArray[np.uint8]


@torch.no_grad()
def manifold(model: Autoencoder, plane: PCA2, places: Array) -> Manifold:
    """The images that a model in eval mode decodes on a grid over the plane; `places` (M, 2) are
    those of the codes.

    For a VAE with two latent dimensions the grid follows the quantiles of the prior (Kingma &
    Welling 2014, appendix A), which do not change during training; otherwise it follows the range
    of the codes. A code of one dimension has a single row.
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
    """12 for images of 28x28; fewer for larger ones."""
    channels, *sides = image_shape
    h, w = (min(side, TILE_SIDE) for side in sides)
    return int(np.clip(np.sqrt(VALUES / (channels * h * w)), MIN_SIDE, SIDE))


def quantiles(count: int, extent: float) -> NDArray[np.float64]:
    """The standard normal's quantiles at evenly spaced probabilities, from -extent to extent."""
    low, high = torch.special.ndtr(torch.tensor([-extent, extent], dtype=torch.float64)).tolist()
    return torch.special.ndtri(torch.linspace(low, high, count, dtype=torch.float64)).numpy()


def _bounds(model: Autoencoder) -> tuple[float, float]:
    """The range of possible codes: places on a plane may lie outside it."""
    kinds = {"relu": (0.0, np.inf), "sigmoid": (0.0, 1.0)}
    return kinds.get(model.config.bottleneck.activation, (-np.inf, np.inf))
