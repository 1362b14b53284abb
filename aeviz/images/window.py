"""Windowing: which stored values to show as black and white, for images that use a part of their
range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Span:
    """The smallest and largest value in a file. `top` is the value of white, or None for integers
    and floats whose range is not in a header."""

    low: float
    high: float
    top: int | None
    integers: bool = True


@dataclass(frozen=True)
class Window:
    """The values of black and white: `shares` of the range if the file gives it, else `values`.
    None leaves them unchanged."""

    shares: tuple[float, float] | None = None
    values: tuple[float, float] | None = None


NARROW = 0.26
"""Images that use less of the range than this may be stretched: 14 bits of 16 are a quarter."""

USUAL = {True: ((0, 255), (0, 65535)), False: ((0, 1), (0, 255))}
"""Usual values of black and white for integers and floats; the first that contains all values is
used."""


def usual(low: float, high: float, integers: bool) -> tuple[float, float] | None:
    """The usual range that contains these values, if any."""
    fitting = [(a, b) for a, b in USUAL[integers] if low >= a and high <= b]
    return fitting[0] if fitting else None


def stretched(pixels: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """uint8 or uint16 (H, W, C) with these shares of the range stretched to the whole range."""
    top = np.iinfo(pixels.dtype).max
    low, high = (share * top for share in shares)
    table = (np.arange(top + 1) - low) * (top / max(high - low, 1e-9))
    return np.rint(table.clip(0, top)).astype(pixels.dtype)[pixels]
