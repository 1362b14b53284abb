"""Masks as programs save them -> where to fill: white on black, alpha, labels, a layer of paint."""

from __future__ import annotations

from typing import Literal

import numpy as np

from aeviz.errors import UnsureError, UserError
from aeviz.images import read_photo
from aeviz.images.depth import reduced

NEARLY_ALL = 0.9
"""The share of a photo that a mask may mark without a question."""

_FEW = 32
"""Values of a mask of labels; one with smooth edges has more."""
_PALE = 128

Marks = Literal["white", "black"]


def read_mask(file: bytes, marks: Marks = "white") -> np.ndarray:
    """bool (H, W), True where to fill.

    A mask with transparent parts is a layer of paint: what is painted is marked, but where white
    and black are both painted, the white. Of one without, what is nearer to white than to black is
    marked; of labels, a few values that are all dark, all but 0. `marks` "black" turns it round.
    UserError where the file is no picture, or marks nothing that can be told.
    """
    photo = read_photo(file)
    grey = reduced(photo.pixels).max(axis=2)
    if photo.alpha is None:
        mask = _bright(grey)
    else:
        alpha = reduced(photo.alpha)
        mask = alpha > int(alpha.max()) // 2
        painted = grey[mask]
        if mask.mean() > 0.5 and len(np.unique(painted)) > _FEW:
            mask = ~mask  # a photo with its holes cut out
        elif painted.size and painted.min() < _PALE <= painted.max() and _is_two_tone(painted):
            mask &= grey >= _PALE
    mask = ~mask if marks == "black" else mask
    if not mask.any():
        raise UserError(
            f"The mask marks nothing: its brightest value is {int(grey.max())} of 255, "
            "so make it white where to fill."
        )
    return mask


def check_share(mask: np.ndarray, advice: str) -> None:
    """UnsureError, which ends in `advice`, where nearly all is marked: an inverted mask, mostly."""
    if mask.mean() > NEARLY_ALL:
        raise UnsureError(
            f"The mask marks {100 * mask.mean():.0f} % of the photo; is it inverted? {advice}"
        )


def _bright(grey: np.ndarray) -> np.ndarray:
    top = int(grey.max())
    if top < _PALE and 1 < len(np.unique(grey)) <= _FEW:
        return grey > grey.min()
    return grey >= _PALE


def _is_two_tone(values: np.ndarray) -> bool:
    """Whether nearly all of these are near black or near white."""
    return float(np.mean((values < 32) | (values > 223))) > 0.95
