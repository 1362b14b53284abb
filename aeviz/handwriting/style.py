"""The style of a handwriting data set: size, position and stroke width of its characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from aeviz.images import decode_sprite

LOOKED_AT: Final = 200
MAX_THICKNESS: Final = 0.4
"""Maximum thickness of the ink, relative to the character's size. The third quartiles are 0.2 for
MNIST, 0.3 for scikit-learn's digits, 0.5 for Fashion-MNIST and 0.85 for shapes."""
MAX_GROUND: Final = 64
_SIDE: Final = 112  # images are enlarged to about this size, as strokes are only 1 or 2 pixels wide


@dataclass(frozen=True)
class Style:
    """The style of a data set's characters, in pixels.

    height, width: of an image; box: the longer side of the ink; stroke: the stroke width.
    """

    height: int
    width: int
    box: float
    stroke: float


def style_of(images: NDArray[np.uint8]) -> Style | None:
    """The style of a data set's images, uint8 (N, H, W); None if they are not handwriting.

    Handwriting means thin light strokes on a dark background. Only the first images are measured.
    """
    height, width = images.shape[1:]
    measured = [m for image in images[:LOOKED_AT] if (m := _measure(image)) is not None]
    if not measured or 2 * len(measured) < min(len(images), LOOKED_AT):
        return None
    box, stroke, thickest = np.array(measured).T
    if np.quantile(thickest / box, 0.75) > MAX_THICKNESS:
        return None
    return Style(height, width, float(np.median(box)), float(np.median(stroke)))


def style_of_gallery(sprite: bytes, count: int, image_shape: tuple[int, int, int]) -> Style | None:
    """The style of a model's gallery: `count` images (C, H, W) on a sheet; None for colour."""
    if image_shape[0] != 1:
        return None
    return style_of(decode_sprite(sprite, count, image_shape)[:LOOKED_AT, 0].numpy())


def _measure(image: NDArray[np.uint8]) -> tuple[float, float, float] | None:
    """Longer side, stroke width and maximum thickness of the ink in pixels; None on a light
    background."""
    sides = (image[0], image[-1], image[1:-1, 0], image[1:-1, -1])
    level = float(image.max()) / 2
    if np.median(np.concatenate(sides)) > MAX_GROUND or level < MAX_GROUND:
        return None
    rows, columns = (np.flatnonzero((image > level).any(axis)) for axis in (1, 0))
    box = max(np.ptp(rows), np.ptp(columns)) + 1
    scale = max(1.0, _SIDE / max(image.shape))
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    ink = np.pad((large > level).astype(np.uint8), 1)
    thickest = 2 * cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_5).max() / scale
    return float(box), stroke_width(ink) / scale, float(thickest)


def stroke_width(ink: NDArray[np.uint8]) -> float:
    """Mean stroke width of a mask (H, W) of 0 and 1: twice its area divided by its perimeter."""
    contours, _ = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    perimeter = sum(cv2.arcLength(contour, closed=True) for contour in contours)
    return 2 * float(ink.sum()) / max(perimeter, 1.0)
