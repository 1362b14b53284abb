"""Which stored values are shown as black and white: for pictures that use a part of their range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Span:
    """The least and the greatest value in a file. `top` is the value that means white, or None for
    integers and floats whose white no header tells."""

    low: float
    high: float
    top: int | None
    integers: bool = True


@dataclass(frozen=True)
class Window:
    """Black and white: `shares` of the range where a file tells it, `values` where it does not.
    None leaves them as they are."""

    shares: tuple[float, float] | None = None
    values: tuple[float, float] | None = None


NARROW = 0.26
"""Pictures whose values take less of the range than this may be stretched: 14 bits in 16 are a
quarter."""

USUAL = {True: ((0, 255), (0, 65535)), False: ((0, 1), (0, 255))}
"""Black and white of integers and of floats, the first that holds all values."""


def usual(low: float, high: float, integers: bool) -> tuple[float, float] | None:
    """The usual range that these values lie in, if any."""
    fitting = [(a, b) for a, b in USUAL[integers] if low >= a and high <= b]
    return fitting[0] if fitting else None


def stretched(pixels: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """uint8 or uint16 (H, W, C), these shares of its range spread over the whole of it."""
    top = np.iinfo(pixels.dtype).max
    low, high = (share * top for share in shares)
    table = (np.arange(top + 1) - low) * (top / max(high - low, 1e-9))
    return np.rint(table.clip(0, top)).astype(pixels.dtype)[pixels]
