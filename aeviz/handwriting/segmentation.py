"""Find single characters in the ink of a photograph."""

from __future__ import annotations

import functools
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from aeviz.handwriting.boxes import Box
from aeviz.handwriting.style import stroke_width

Map = NDArray[np.float32]
Mask = NDArray[np.uint8]

MAX_FOUND: Final = 12
MIN_DARKNESS: Final = 0.1
_INK: Final = 0.999  # the quantile of darkness that is ink if there is any
_EDGE: Final = 0.45  # a stroke ends at this share of the ink's darkness

# Joining pieces to characters.
_SPECK: Final = 4  # pixels
_FRAMED: Final = 0.25  # of a frame's longer side: smaller pieces inside it count as specks
_MAX_PIECES: Final = 400

# Properties of a character; lengths relative to its longer side. The bounds are somewhat wider than
# the values of digits; of 200 photographs of landscapes, people and animals, 68 contained a place
# within them.
_MAX_LOOKED_AT: Final = 40
_MAX_PARTS: Final = 5
_MIN_SIDE: Final = 0.04  # of the photograph's longer side
_MIN_RATIO, _MAX_RATIO = 0.03, 2.5  # width / height
_MIN_SHARE: Final = 0.3  # of the largest character's side
_MAX_THICKNESS: Final = 0.55
_MAX_LENGTH: Final = 4.5  # of all strokes together
_MAX_VARIATION: Final = 0.28  # of the ink's darkness
_AROUND: Final = 0.5  # margin of paper that is examined
_MIN_PAPER: Final = 0.6  # minimum share of paper in the examined part
_MAX_SMEAR: Final = 0.6  # maximum darkness of the paper, relative to the level where ink ends


def ink_level(darkness: Map) -> float:
    """The darkness at which strokes end."""
    return max(MIN_DARKNESS, _EDGE * float(np.quantile(darkness, _INK)))


def characters(darkness: Map) -> list[Box]:
    """Boxes of possible characters, the most likely first, at most MAX_FOUND.

    Large boxes near the middle are the most likely. Boxes that are much smaller than the largest,
    lie at the edge of the photograph, or do not look like strokes on paper are left out.
    """
    height, width = darkness.shape
    boxes = []
    for pieces in _groups(_pieces(darkness))[:_MAX_LOOKED_AT]:
        whole = functools.reduce(Box.joined, pieces)
        # If the whole is not a character, such as a sheet on a table, a part of it may be one.
        written = [box for box in (whole, *pieces[:_MAX_PARTS]) if _is_written(darkness, box)]
        boxes += [whole] if whole in written else written
    largest = max((box.side for box in boxes), default=0.0)
    boxes = [box for box in boxes if box.side > _MIN_SHARE * largest]

    def likelihood(box: Box) -> float:
        x, y = (box.left + box.right) / 2 / width - 0.5, (box.top + box.bottom) / 2 / height - 0.5
        return box.side * (1 - 0.7 * (x * x + y * y) ** 0.5)

    return sorted(boxes, key=likelihood, reverse=True)[:MAX_FOUND]


def _pieces(darkness: Map) -> list[Box]:
    """Boxes of connected ink that neither touches the photograph's edge nor encloses other ink, the
    largest first."""
    height, width = darkness.shape
    mask = (darkness > ink_level(darkness)).astype(np.uint8)
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    parents = hierarchy[0, :, 3].tolist() if contours else []

    def depth(i: int) -> int:
        return 0 if parents[i] < 0 else 1 + depth(parents[i])

    boxes: dict[int, Box] = {}  # by contour; at odd depths contours are holes
    for i in (i for i in range(len(contours)) if depth(i) % 2 == 0):
        left, top, w, h = cv2.boundingRect(contours[i])
        boxes[i] = Box(left, top, left + w, top + h)
    around = {i: parents[parents[i]] for i in boxes if parents[i] >= 0}
    frames = {a for i, a in around.items() if boxes[i].side > _FRAMED * boxes[a].side}
    pieces = [
        box
        for i, box in boxes.items()
        if i not in frames and box.side > _SPECK and box.left > 1 and box.top > 1
        and box.right < width - 1 and box.bottom < height - 1
    ]  # fmt: skip
    return sorted(pieces, key=lambda box: -box.side)[:_MAX_PIECES]


def _groups(pieces: list[Box]) -> list[list[Box]]:
    """Pieces, the largest first, joined to characters."""
    groups: list[list[Box]] = []
    wholes: list[Box] = []
    for piece in pieces:
        near = next((i for i, whole in enumerate(wholes) if _belongs(piece, whole)), None)
        if near is None:
            groups.append([piece])
            wholes.append(piece)
        else:
            groups[near].append(piece)
            wholes[near] = wholes[near].joined(piece)
    return groups


def _is_written(darkness: Map, box: Box) -> bool:
    """Whether the box contains a few thin, evenly dark strokes, with clean paper around it."""
    proportion = box.width / box.height
    if box.side < _MIN_SIDE * max(darkness.shape) or not _MIN_RATIO < proportion < _MAX_RATIO:
        return False
    part = darkness[box.pixels(round(_AROUND * box.side))]
    level = ink_level(part)
    mask = np.pad((part > level).astype(np.uint8), 1)
    length = float(mask.sum()) / stroke_width(mask)
    paper = part[cv2.dilate(mask, np.ones((7, 7), np.uint8))[1:-1, 1:-1] == 0]
    ink = part[cv2.erode(mask, np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0]
    return (
        thickness(darkness, box) < _MAX_THICKNESS
        and length < _MAX_LENGTH * box.side
        and paper.size > _MIN_PAPER * part.size
        and float(np.quantile(paper, 0.9)) < _MAX_SMEAR * level
        and (not ink.size or float(ink.std()) < _MAX_VARIATION * float(ink.mean()))
    )


def thickness(darkness: Map, box: Box) -> float:
    """The maximum thickness of the ink in the box, relative to the box's longer side."""
    part = darkness[box.pixels()]
    mask = np.pad((part > ink_level(part)).astype(np.uint8), 1)
    return 2 * float(cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_5).max()) / box.side


def _belongs(piece: Box, group: Box) -> bool:
    """Whether a piece is a stroke of the same character, such as the separate bar of a 5."""
    beside = max(piece.left - group.right, group.left - piece.right)
    above = max(piece.top - group.bottom, group.top - piece.bottom)
    overlap = -beside / max(1.0, min(piece.width, group.width))
    return (overlap > 0.3 and above < 0.25 * group.side) or (
        max(beside, above) < 0.12 * group.side and piece.side < 0.5 * group.side
    )
