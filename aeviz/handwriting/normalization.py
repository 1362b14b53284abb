"""Convert a character from a photograph to an image in a data set's style.

As for MNIST (LeCun, Bottou, Bengio and Haffner 1998, section III.A), the ink is scaled to fit a
box, 20 x 20 of 28 x 28 pixels, and placed by its centre of mass.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from aeviz.handwriting.boxes import Box
from aeviz.handwriting.segmentation import ink_level
from aeviz.handwriting.style import Style, stroke_width

Map = NDArray[np.float32]
Mask = NDArray[np.uint8]

_SPECK: Final = 0.02  # of the ink: smaller pieces count as dirt
_FINE: Final = 200  # longer side of the ink in pixels while its stroke width is changed
_MARGIN: Final = 25
_FINER: Final = 0.25  # of a stroke's width: at most so much is removed on each side
_WIDER: Final = 0.1  # of the longer side: at most so much is added on each side


def normalize(darkness: Map, box: Box, style: Style) -> NDArray[np.uint8] | None:
    """The ink of `darkness` (h, w) inside `box` as uint8 (H, W); None if there is none."""
    part = darkness[box.pixels(2)]
    if not part.size:
        return None
    level = ink_level(part)
    mask = _without_specks((part > level).astype(np.uint8))
    if not mask.any():
        return None
    kept = part * cv2.dilate(mask, np.ones((5, 5), np.uint8))
    return _placed(_restroked(kept[_extent(mask)] / (2 * level), style), style)


def _without_specks(mask: Mask) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA].astype(float)
    area[0] = 0
    return (area > _SPECK * area.sum())[labels].astype(np.uint8)


def _extent(mask: NDArray[np.uint8] | NDArray[np.bool_]) -> tuple[slice, slice]:
    """Slices of rows and columns from the first to the last that is not empty."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _restroked(ink: Map, style: Style) -> Map:
    """Ink whose strokes end at 0.5, with the style's stroke width, _FINE pixels large."""
    mask = np.pad((_resized(ink, _FINE / max(ink.shape)) > 0.5).astype(np.uint8), _MARGIN)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_5)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_5)
    width = stroke_width(mask)
    wider = (style.stroke / style.box * _FINE - width) / 2
    wider = float(np.clip(wider, -_FINER * width, _WIDER * _FINE))
    soft = 0.5 + (wider - (outside - inside)) / 2
    return np.asarray(soft.clip(0, 1), np.float32)


def _placed(ink: Map, style: Style) -> NDArray[np.uint8]:
    """Ink of any size as an image of the style."""
    ink = ink[_extent(ink > 0.5)]
    scale = min(style.box / max(ink.shape), style.height / ink.shape[0], style.width / ink.shape[1])
    small = _resized(ink, scale)
    height, width = small.shape
    rows, columns = np.indices(small.shape)
    top = _start(style.height, height, float((small * rows).sum() / small.sum()))
    left = _start(style.width, width, float((small * columns).sum() / small.sum()))
    image = np.zeros((style.height, style.width), np.float32)
    image[top : top + height, left : left + width] = small / small.max()
    return np.rint(255 * image).astype(np.uint8)


def _resized(ink: Map, scale: float) -> Map:
    size = [max(1, round(scale * side)) for side in ink.shape[::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(ink, size, interpolation=how), np.float32)


def _start(side: int, length: int, mass: float) -> int:
    """The start of ink of this length so that its centre of mass lies in the middle of the side, or
    as close as possible."""
    return int(np.clip(round(side / 2 - (mass + 0.5)), 0, max(0, side - length)))
