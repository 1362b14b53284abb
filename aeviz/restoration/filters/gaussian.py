"""Non-local means and BM3D, against Gaussian noise."""

from __future__ import annotations

import numpy as np

from aeviz.images.photo import Photo
from aeviz.restoration.filters.base import (
    FilterSettings,
    Steps,
    by_tiles,
    in_8_bits,
    rounded,
    with_channels,
)
from aeviz.restoration.findings import noise_of

_SEARCH = 21
_BM3D_SIDE = 512  # photographs of the usual test sets are one tile
_BM3D_MIN_SIDE = 16  # its compiled code fails on smaller ones


def nlm(pixels: np.ndarray, settings: FilterSettings) -> Steps:
    """Compares patches in all channels together, which measured better than OpenCV's version in
    CIELAB. h is the best for each sigma from 8 to 50, as measured."""
    sigma = _noise_of(pixels, settings)
    if pixels.shape[2] == 3:
        patch, h = 3, sigma * max(0.6, 1 - 0.0035 * sigma)
    else:
        patch, h = (3, sigma) if sigma < 30 else (5, 0.85 * sigma)

    def clean(tile: np.ndarray) -> np.ndarray:
        import cv2

        return with_channels(cv2.fastNlMeansDenoising(tile, None, h, patch, _SEARCH))

    return by_tiles(pixels, in_8_bits(clean), 512, (_SEARCH + patch) // 2, skip=sigma == 0)


def bm3d(pixels: np.ndarray, settings: FilterSettings) -> Steps:
    sigma = _noise_of(pixels, settings)

    def clean(tile: np.ndarray) -> np.ndarray:
        height, width = tile.shape[:2]
        missing = (max(0, _BM3D_MIN_SIDE - side) for side in (height, width))
        x = np.pad(tile, [*((0, rows) for rows in missing), (0, 0)], mode="symmetric")
        white = np.iinfo(tile.dtype).max
        return rounded(_bm3d(x / white, sigma / 255)[:height, :width] * white, tile.dtype)

    return by_tiles(pixels, clean, _BM3D_SIDE, 32, skip=sigma == 0)


def _bm3d(x: np.ndarray, sigma: float) -> np.ndarray:
    """x (h, w, C) in [0, 1]: all channels at once, but one by one if a difference of channels is
    constant (as in a grey image), because the package divides by its range."""
    import bm3d

    layers = np.moveaxis(x, 2, 0)
    if len(layers) == 3:
        r, g, b = layers
        if min(np.ptp(difference) for difference in (r + g + b, r - b, r - 2 * g + b)) > 1e-6:
            return bm3d.bm3d_rgb(x, sigma)
    return np.dstack([bm3d.bm3d(layer, sigma) for layer in layers])


def _noise_of(pixels: np.ndarray, settings: FilterSettings) -> float:
    return noise_of(Photo(pixels)) if settings.sigma is None else settings.sigma
