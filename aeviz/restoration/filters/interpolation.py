"""Bicubic enlarging, and filling holes from their surroundings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from aeviz.errors import UserError
from aeviz.restoration.filters.base import SIDE, FilterSettings, Steps, by_tiles, rounded
from aeviz.restoration.tiles import Box

_RADIUS = 8
_CELL = 512


def bicubic(pixels: np.ndarray, settings: FilterSettings) -> Steps:
    scale = settings.scale

    def enlarge(tile: np.ndarray) -> np.ndarray:
        size = (tile.shape[1] * scale, tile.shape[0] * scale)
        parts = (Image.fromarray(part) for part in np.moveaxis(tile.astype(np.float32), 2, 0))
        larger = [np.asarray(part.resize(size, Image.Resampling.BICUBIC)) for part in parts]
        return rounded(np.stack(larger, 2), tile.dtype)

    return by_tiles(pixels, enlarge, SIDE, 4, scale)


def telea(pixels: np.ndarray, settings: FilterSettings) -> Steps:
    import cv2

    return _filled(pixels, settings, cv2.INPAINT_TELEA)


def navier_stokes(pixels: np.ndarray, settings: FilterSettings) -> Steps:
    import cv2

    return _filled(pixels, settings, cv2.INPAINT_NS)


def _filled(pixels: np.ndarray, settings: FilterSettings, method: int) -> Steps:
    """`cv2.inpaint` for each group of holes: holes that are far apart do not affect each other."""
    import cv2

    mask = settings.mask
    if mask is None or not mask.any():
        raise UserError("Nothing is marked: paint over the part to fill.")
    if mask.all():
        raise UserError("The whole photo is marked: leave some of it to fill the holes from.")
    holes, out = mask.astype(np.uint8), pixels.copy()
    groups = list(_groups(holes, 2 * _RADIUS + 2))
    for done, (box, inside) in enumerate(groups, 1):
        place = np.s_[box.top : box.bottom, box.left : box.right]
        part, hole = pixels[place], holes[place]
        # with 16 bits, OpenCV takes one channel at a time
        layers = [part] if part.dtype == np.uint8 else np.dsplit(part, part.shape[2])
        filled = [
            cv2.inpaint(np.ascontiguousarray(layer), hole, _RADIUS, method) for layer in layers
        ]
        out[place][inside] = np.dstack(filled)[inside]
        yield done, len(groups)
    return out


def _groups(holes: np.ndarray, reach: int) -> Iterator[tuple[Box, np.ndarray]]:
    """The holes in groups: the box that each group needs, and which pixels of it, bool, are its
    own.

    Holes nearer to each other than `reach` count as one; those in one cell of the photo form a
    group.
    """
    import cv2

    height, width = holes.shape
    near = cv2.dilate(holes, np.ones((reach + 1, reach + 1), np.uint8))
    _, labels, stats, centres = cv2.connectedComponentsWithStats(near)
    cells: dict[tuple[int, ...], list[int]] = {}
    for label in range(1, len(stats)):
        cells.setdefault(tuple(centres[label].astype(int) // _CELL), []).append(label)
    for members in cells.values():
        left, top, wide, high, _ = stats[members].T
        box = Box(
            max(0, left.min() - reach), max(0, top.min() - reach),
            min(width, (left + wide).max() + reach), min(height, (top + high).max() + reach),
        )  # fmt: skip
        place = np.s_[box.top : box.bottom, box.left : box.right]
        yield box, np.isin(labels[place], members) & (holes[place] > 0)
