"""Printed lines and squares, long, thin, straight and parallel, taken out of the ink."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Mask = NDArray[np.uint8]

_WIDEST: Final = 7  # pixels
_LENGTH: Final = 0.2  # of the longer side: what is shorter is a stroke
_GAP: Final = 0.04  # of the longer side
_BEYOND: Final = 0.15  # of the longer side: so far a line goes on, beyond ink that hides it
_FAMILY: Final = (
    0.8  # of the longer side: lines of one direction are together as long as this or more
)
_SEEN: Final = 0.3  # of a line's pixels: the rest may be missing, or crossed
_BIN: Final = 10  # degrees
_EVEN: Final = 0.06  # darkness: lines vary by this much at least
_MAX_SEGMENTS: Final = 2_000


def without_lines(darkness: Map, level: float) -> Map:
    """`darkness` (h, w) with the paper's lines, darker than `level`, gone; the ink over them stays.

    What is no darker than the lines is taken off where they run. A stroke that crosses a line is
    then closed over the gap, across the line only, in case it was no darker than the line.
    """
    mask = (darkness > level).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_WIDEST, _WIDEST))
    thick = cv2.dilate(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc), disc)
    thin = np.where(thick > 0, np.uint8(0), mask)
    level_lines, upright_lines = _bands(thin)
    lines = (level_lines | upright_lines) & mask
    printed = darkness[(lines & thin) > 0]
    if not printed.size:
        return darkness
    middle = float(np.median(printed))
    spread = 1.4826 * float(np.median(np.abs(printed - middle)))
    ink = np.where(
        (lines > 0) & (darkness < middle + max(3 * spread, _EVEN)), np.float32(0), darkness
    )
    across = _WIDEST + 4
    down_closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((across, 1), np.uint8))
    over_closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, across), np.uint8))
    ink = np.where(level_lines > 0, np.maximum(ink, down_closed), ink)
    return np.where(upright_lines > 0, np.maximum(ink, over_closed), ink)


def _bands(thin: Mask) -> tuple[Mask, Mask]:
    """Bands (h, w) over the straight lines of `thin` that have others in their direction: over
    those that are more level than upright, and over the others."""
    side = max(thin.shape)
    bands = np.zeros_like(thin), np.zeros_like(thin)
    found = cv2.HoughLinesP(
        thin, 2, np.pi / 360, round(_SEEN * _LENGTH * side),
        minLineLength=_LENGTH * side, maxLineGap=_GAP * side,
    )  # fmt: skip
    if found is None:
        return bands
    segments = found.reshape(-1, 4)[:_MAX_SEGMENTS]
    across, down = (segments[:, 2:] - segments[:, :2]).T.astype(float)
    length = np.hypot(across, down)
    direction = np.degrees(np.arctan2(down, across))
    for segment, angle in zip(segments, direction, strict=True):
        apart = np.abs((direction - angle + 90) % 180 - 90)
        if length[apart < _BIN].sum() > _FAMILY * side:
            upright = int(45 < abs(angle) < 135)
            more = _BEYOND * side * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
            start, end = segment[:2] - more, segment[2:] + more
            cv2.line(bands[upright], _place(start), _place(end), 1, _WIDEST)
    return bands


def _place(point: NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.rint(point).astype(int).tolist()
    return x, y
