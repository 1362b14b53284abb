"""Read the mask of the part to fill, as image editors save it: white on black, alpha, or labels."""

from __future__ import annotations

from typing import Literal

import numpy as np

from aeviz.errors import UnsureError, UserError
from aeviz.images import read_photo
from aeviz.images.depth import reduced

NEARLY_ALL = 0.9
"""A mask that marks a larger share of the photo is questioned."""

_FEW = 32
"""A mask of labels has at most so many values; one with smooth edges has more."""
_PALE = 128

Marks = Literal["white", "black"]


def read_mask(file: bytes, marks: Marks = "white") -> np.ndarray:
    """bool (H, W), True where to fill.

    - With transparency, the file is a layer of paint: the painted part is marked; if it contains
      both white and black, only the white.
    - Without transparency, pixels nearer to white than to black are marked.
    - If there are only a few values, all dark, they are labels: all except the smallest are marked.

    `marks` "black" inverts the mask. UserError if the file is not an image, or marks nothing.
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
            mask = ~mask  # a photo with holes cut out of it
        elif painted.size and painted.min() < _PALE <= painted.max() and _is_two_tone(painted):
            mask &= grey >= _PALE
    mask = ~mask if marks == "black" else mask
    if not mask.any():
        raise UserError(
            f"The mask marks nothing: its brightest value is {int(grey.max())} of 255, "
            "so paint the part to fill white."
        )
    return mask


def check_share(mask: np.ndarray, advice: str) -> None:
    """UnsureError, which ends in `advice`, if the mask marks nearly everything: usually it is then
    inverted."""
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
