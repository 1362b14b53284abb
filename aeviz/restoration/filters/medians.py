"""Median filters, against impulse noise."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from aeviz.restoration.filters.base import SIDE, FilterSettings, Steps, by_tiles, with_channels

_MAX_WINDOW = 11


def median_size(pixels: np.ndarray, sigma: float | None) -> int:
    """The best window side, 3, 5 or 7, by the share of black and white values (impulse noise
    creates many) and by the Gaussian noise."""
    share = np.mean((pixels == 0) | (pixels == np.iinfo(pixels.dtype).max))
    if share > 0.45:
        return 7
    return 5 if share > 0.26 or (sigma or 0) >= 35 else 3


def median_filter(pixels: np.ndarray, settings: FilterSettings) -> Steps:
    size = median_size(pixels, settings.sigma)
    return by_tiles(pixels, lambda tile: _median_of(tile, size), SIDE, size // 2)


def adaptive_median(pixels: np.ndarray, settings: FilterSettings) -> Steps:
    del settings
    return by_tiles(pixels, _adaptive_median, SIDE, _MAX_WINDOW // 2)


def _adaptive_median(tile: np.ndarray) -> np.ndarray:
    """Hwang & Haddad 1995, section II-A: a value stays unless it is its window's minimum or
    maximum; the window grows until its median is neither."""
    import cv2

    out, open_ = tile.copy(), np.ones(tile.shape, bool)
    middle = tile
    for size in range(3, _MAX_WINDOW + 1, 2):
        window = np.ones((size, size), np.uint8)
        low, high = with_channels(cv2.erode(tile, window)), with_channels(cv2.dilate(tile, window))
        middle = _median_of(tile, size)
        settled = open_ & (low < middle) & (middle < high)
        extreme = (tile == low) | (tile == high)
        out[settled & extreme] = middle[settled & extreme]
        open_ &= ~settled
        if not open_.any():
            return out
    out[open_] = middle[open_]
    return out


def _median_of(tile: np.ndarray, size: int) -> np.ndarray:
    import cv2

    if size > 5 and tile.dtype != np.uint8:  # OpenCV cannot do this
        return ndimage.median_filter(tile, size=(size, size, 1), mode="nearest")
    return with_channels(cv2.medianBlur(tile, size))


def median(x: Tensor, size: int = 3) -> Tensor:
    """The median of each pixel's size x size neighbourhood, channel by channel, of small images.

    x is (N, C, H, W) on the CPU and so is the result; edges are mirrored.
    """
    return torch.from_numpy(ndimage.median_filter(x.numpy(), size=(1, 1, size, size)))
