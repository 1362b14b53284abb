"""How a data set writes: the size, place and stroke width of its light strokes on a dark ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from aeviz.images import decode_sprite

LOOKED_AT: Final = 200
MAX_THICKNESS: Final = 0.4
"""Widest place of the ink by the size of the character. MNIST 0.2, scikit-learn's digits 0.3,
Fashion-MNIST 0.5, shapes 0.85: each the third quartile of its images."""
MAX_GROUND: Final = 64
_SIDE: Final = 112  # images are measured at about this size, as strokes are but a pixel or two wide


@dataclass(frozen=True)
class Style:
    """What a character has to look like to be one of the data set's.

    height, width: of an image; box: the longer side of the ink; stroke: its width. In pixels.
    """

    height: int
    width: int
    box: float
    stroke: float


def style_of(images: NDArray[np.uint8]) -> Style | None:
    """The style of a data set's images, uint8 (N, H, W); None where they are no handwriting.

    Handwriting is thin light strokes on a dark ground. The first images are looked at.
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
    """The same of a model's gallery: `count` images (C, H, W) on a sheet. Colour is no ink."""
    if image_shape[0] != 1:
        return None
    return style_of(decode_sprite(sprite, count, image_shape)[:LOOKED_AT, 0].numpy())


def _measure(image: NDArray[np.uint8]) -> tuple[float, float, float] | None:
    """Longer side, stroke width and widest place of the ink in pixels; None on a light ground."""
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
    """Mean width of the strokes of a mask (H, W) of 0 and 1: twice its area by its perimeter."""
    contours, _ = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    perimeter = sum(cv2.arcLength(contour, closed=True) for contour in contours)
    return 2 * float(ink.sum()) / max(perimeter, 1.0)
