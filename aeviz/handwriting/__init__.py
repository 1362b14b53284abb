"""Find handwritten characters in photographs of paper, and convert them to a data set's style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aeviz.handwriting import paper
from aeviz.handwriting.boxes import Box
from aeviz.handwriting.lines import without_lines
from aeviz.handwriting.normalization import normalize
from aeviz.handwriting.segmentation import MIN_DARKNESS, characters, thickness
from aeviz.handwriting.style import Style, style_of, style_of_gallery

_FINE: Final = 0.3  # relative to the character's side; something thicker may not be a stroke

__all__ = ["Box", "Reading", "Style", "read", "style_of", "style_of_gallery"]


@dataclass(frozen=True)
class Reading:
    """The result of reading a photograph; boxes as fractions of its width and height.

    image: the character, uint8 (H, W), or None if there is no ink; frame: its box, or None if no
    character was found; found: boxes of possible characters, the most likely first.
    """

    image: NDArray[np.uint8] | None
    frame: Box | None
    found: tuple[Box, ...] = ()


def read(pixels: NDArray[np.uint8], style: Style, frame: Box | None = None) -> Reading:
    """The character in `frame`, or the most likely one, in a photograph uint8 (H, W, 1 or 3).

    Large photographs are shrunk first, so that 50 megapixels take little longer than one.
    """
    grey = paper.resized(pixels)
    height, width = grey.shape
    if frame is not None:
        box = frame.scaled(width, height)
        part = grey[box.pixels()]
        if not part.size:
            return Reading(None, frame)
        ink = _ink(grey, paper.is_light_on_dark(part))
        return Reading(normalize(ink, box, style), frame)
    light = paper.is_light_on_dark(grey)
    ink, boxes = _found(grey, light)
    if not boxes or thickness(ink, boxes[0]) > _FINE:
        # A light sheet on a dark table may be mistaken for strokes: try dark ink, too.
        other, others = _found(grey, not light)
        if others and (not boxes or thickness(other, others[0]) < thickness(ink, boxes[0])):
            ink, boxes = other, others
    if not boxes:
        return Reading(None, None)
    found = tuple(box.scaled(1 / width, 1 / height) for box in boxes)
    return Reading(normalize(ink, boxes[0], style), found[0], found)


def _found(grey: NDArray[np.uint8], light_on_dark: bool) -> tuple[NDArray[np.float32], list[Box]]:
    ink = _ink(grey, light_on_dark)
    return ink, characters(ink)


def _ink(grey: NDArray[np.uint8], light_on_dark: bool) -> NDArray[np.float32]:
    return without_lines(paper.darkness(grey, light_on_dark), MIN_DARKNESS)
