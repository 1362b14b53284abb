"""Digits drawn with round pens on paper, for tests: no data set, no randomness."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from aeviz.handwriting import Style

MNIST = Style(28, 28, 20.0, 2.2)
STROKES = {
    1: [[(0.5, 0.05), (0.5, 0.95)]],
    4: [[(0.55, 0.05), (0.15, 0.6), (0.85, 0.6)], [(0.65, 0.35), (0.6, 0.97)]],
    5: [[(0.3, 0.15), (0.25, 0.5), (0.75, 0.6), (0.5, 0.9), (0.2, 0.9)], [(0.35, 0), (0.8, 0)]],
    7: [[(0.12, 0.1), (0.85, 0.1), (0.45, 0.95)]],
}  # fmt: skip


def paper(
    height: int = 600, width: int = 450, brightness: int = 235, rule: int = 0, ruled: int = 150
) -> NDArray[np.uint8]:
    """Grey (height, width), with horizontal lines of the brightness `ruled` every `rule` pixels."""
    sheet = np.full((height, width), brightness, np.uint8)
    for row in range(rule // 2, height, rule) if rule else ():
        sheet[row : row + 2] = ruled
    return sheet


def write(
    sheet: NDArray[np.uint8],
    digit: int,
    left: int,
    top: int,
    side: int,
    pen: int = 8,
    ink: int = 40,
) -> None:
    """Write a digit, `side` pixels high, on the paper."""
    for stroke in STROKES[digit]:
        points = (np.array(stroke) * side + (left, top)).round().astype(np.int32)
        cv2.polylines(sheet, [points], False, ink, pen, cv2.LINE_AA)


def photo(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) -> (H, W, 3)."""
    return np.repeat(sheet[..., None], 3, axis=2)


def ink_centre(image: NDArray[np.uint8]) -> tuple[float, float]:
    """Centre of mass, from the image's own middle: (down, across) in pixels."""
    rows, columns = np.indices(image.shape)
    total = image.sum()
    height, width = image.shape
    return (
        float((image * (rows + 0.5)).sum() / total - height / 2),
        float((image * (columns + 0.5)).sum() / total - width / 2),
    )


def likeness(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """The cosine of two images: 1 if one is a multiple of the other."""
    x, y = (image.astype(float).ravel() for image in (a, b))
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
