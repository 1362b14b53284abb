"""Remove printed lines and squares from the ink: long, thin, straight and parallel lines."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Mask = NDArray[np.uint8]

# Lengths are fractions of the photograph's longer side.
_MAX_WIDTH: Final = 7  # pixels
_LENGTH: Final = 0.2  # a shorter line counts as a stroke
_GAP: Final = 0.04
_BEYOND: Final = 0.15  # a line is extended by this, since ink may hide its end
_FAMILY: Final = 0.8  # minimum total length of the lines in one direction
_SEEN: Final = 0.3  # minimum share of a line's pixels; the rest may be missing or crossed by ink
_BIN: Final = 10  # degrees
_EVEN: Final = 0.06  # minimum tolerance for the darkness of lines
_MAX_SEGMENTS: Final = 2_000


def without_lines(darkness: Map, level: float) -> Map:
    """`darkness` (h, w) without the paper's lines that are darker than `level`; ink over them
    stays.

    Along each line, everything that is not darker than the line is removed. A stroke that crosses
    the line is then closed over the gap, across the line only, in case it was not darker.
    """
    mask = (darkness > level).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_MAX_WIDTH, _MAX_WIDTH))
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
    across = _MAX_WIDTH + 4
    down_closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((across, 1), np.uint8))
    over_closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, across), np.uint8))
    ink = np.where(level_lines > 0, np.maximum(ink, down_closed), ink)
    return np.where(upright_lines > 0, np.maximum(ink, over_closed), ink)


def _bands(thin: Mask) -> tuple[Mask, Mask]:
    """Bands (h, w) over the straight lines of `thin` that have others in the same direction: one
    mask for the more horizontal lines, one for the more vertical ones."""
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
        difference = np.abs((direction - angle + 90) % 180 - 90)
        if length[difference < _BIN].sum() > _FAMILY * side:
            upright = int(45 < abs(angle) < 135)
            more = _BEYOND * side * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
            start, end = segment[:2] - more, segment[2:] + more
            cv2.line(bands[upright], _place(start), _place(end), 1, _MAX_WIDTH)
    return bands


def _place(point: NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.rint(point).astype(int).tolist()
    return x, y
