"""Measure the darkness of ink in a photograph of paper, corrected for uneven lighting."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Map = NDArray[np.float32]

MIN_SIDE: Final = 512
SIDE: Final = 1024
"""Photographs are resized to a longer side between these, so that strokes are several pixels wide,
and time and memory are bounded."""
_GROUND_SIDE: Final = 256  # paper is smooth, so a smaller copy is enough
_REACH: Final = 51
"""A fifth of _GROUND_SIDE: wider dark places do not count as strokes."""
_BLACK: Final = 16  # minimum brightness of paper; below, noise would count as ink
_MORE: Final = 1.5  # so many times as much light contrast as dark means light writing


def resized(pixels: Grey) -> Grey:
    """Grey (h, w) of a photograph (H, W, 1 or 3), its longer side MIN_SIDE to SIDE."""
    longer = max(pixels.shape[:2])
    scale = min(max(longer, MIN_SIDE), SIDE) / longer
    size = [max(1, round(scale * side)) for side in (pixels.shape[1], pixels.shape[0])]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=how)
    grey = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.uint8)


def is_light_on_dark(grey: Grey) -> bool:
    """Whether the writing in (h, w) is lighter than its surroundings, as on a blackboard."""
    small = _small(grey)
    contrast = small.astype(np.float32) - cv2.medianBlur(small, _REACH)
    light, dark = np.square(contrast.clip(min=0)).sum(), np.square(contrast.clip(max=0)).sum()
    return bool(light > _MORE * dark)


def darkness(grey: Grey, light_on_dark: bool) -> Map:
    """How much darker than the surrounding paper each pixel of (h, w) is, in [0, 1].

    The paper's brightness is a smoothed morphological closing, wider than a stroke. With
    `light_on_dark`, light and dark are swapped.
    """
    seen = 255 - grey if light_on_dark else grey
    smooth = np.asarray(cv2.GaussianBlur(seen, (0, 0), max(grey.shape) / SIDE), np.uint8)
    small = cv2.medianBlur(_small(smooth), 3)
    # The border makes a dark table at the edge of the photograph count as paper.
    wide = cv2.copyMakeBorder(small, _REACH, _REACH, _REACH, _REACH, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((_REACH, _REACH), np.uint8))
    closed = cv2.GaussianBlur(closed, (0, 0), 3)[_REACH:-_REACH, _REACH:-_REACH]
    ground = cv2.resize(closed, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    contrast = (ground.astype(np.float32) - smooth) / np.maximum(ground, _BLACK)
    return np.asarray(contrast.clip(0, 1), np.float32)


def _small(grey: Grey) -> Grey:
    scale = _GROUND_SIDE / max(grey.shape)
    size = [max(1, round(scale * side)) for side in grey.shape[::-1]]
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
