"""Previews of stored photographs: enlarged, blended with the original, or as a difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from aeviz.images import Photo, view_bytes

VIEW_PIXELS: Final = 4_000_000
DIFFERENCE_GAIN: Final = 4
"""A difference is shown so many times stronger."""
_BLOCK: Final = 1 << 20  # values processed at a time


def encode_tile(pixels: np.ndarray, lossless: bool) -> bytes:
    """uint8 (h, w, C) -> a PNG, or a JPEG."""
    return view_bytes(Photo(pixels), VIEW_PIXELS if lossless else 0)[0]


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W, C) -> (height, width, C) of the same type: bicubic with a = -0.5, antialiased when
    downscaling, as MATLAB's imresize."""
    if pixels.shape[:2] == (height, width):
        return pixels
    out = np.empty((height, width, pixels.shape[2]), pixels.dtype)
    white = np.iinfo(pixels.dtype).max
    for channel in range(pixels.shape[2]):
        plane = np.ascontiguousarray(pixels[:, :, channel])
        image = Image.fromarray(plane if plane.dtype == np.uint8 else plane.astype(np.float32))
        values = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
        if values.dtype != np.uint8:
            values = np.rint(values).clip(0, white)
        out[:, :, channel] = values
    return out


def resize_like(before: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`before` (h, w, c) enlarged to `shape` (H, W, C); a grey one is repeated in every channel."""
    before = resize(before, *shape[:2])
    return np.broadcast_to(before, shape) if before.shape[2] == 1 else before


def blend(before: np.ndarray, after: Photo, strength: int) -> Photo:
    """`after` with `strength` % of its change from `before`, which may be smaller or grey."""
    if strength == 100:
        return after
    before = resize_like(before, after.pixels.shape)
    out = np.empty(after.pixels.shape, after.pixels.dtype)
    for rows in _blocks(out):
        start = before[rows].astype(np.float32)
        out[rows] = np.rint(start + strength / 100 * (after.pixels[rows] - start))
    return Photo(out, after.alpha, after.notes)


def difference(before: np.ndarray, after: np.ndarray) -> Photo:
    """The absolute difference of each value times DIFFERENCE_GAIN; black where they agree."""
    before = resize_like(before, after.shape)
    out = np.empty(after.shape, after.dtype)
    white = int(np.iinfo(out.dtype).max)
    for rows in _blocks(out):
        change = np.abs(after[rows].astype(np.int32) - before[rows].astype(np.int32))
        out[rows] = np.minimum(DIFFERENCE_GAIN * change, white)
    return Photo(out)


def _blocks(pixels: np.ndarray) -> Iterator[slice]:
    """Slices of rows of about _BLOCK values."""
    rows = max(1, _BLOCK // (pixels.shape[1] * pixels.shape[2]))
    for top in range(0, len(pixels), rows):
        yield slice(top, top + rows)
