"""What all classical filters share: their type, and working tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from aeviz.errors import UserError
from aeviz.restoration.photo import Stopped

SIDE = 1024
"""Side of a tile, unless a filter needs a smaller one."""

TileFilter = Callable[[np.ndarray], np.ndarray]
"""(h, w, C) uint8 or uint16 -> the same type, `scale` times as large."""

Steps = Generator[tuple[int, int], None, np.ndarray]
"""Yields (done, total) after each tile or hole; returns the image."""


@dataclass(frozen=True)
class FilterSettings:
    """Input of a filter besides the image: the noise's sigma on the 255 scale, or None to estimate
    it; mask, bool (H, W), True in holes, or None; the scale to enlarge by."""

    sigma: float | None = None
    mask: np.ndarray | None = None
    scale: int = 1


@dataclass(frozen=True)
class ClassicalFilter:
    """A row of the table. `says`: how it works, in one line; `package`: the package that it
    needs."""

    name: str
    title: str
    says: str
    package: str
    steps: Callable[[np.ndarray, FilterSettings], Steps]

    def available(self) -> bool:
        return find_spec(self.package) is not None

    def run(
        self,
        pixels: np.ndarray,
        *,
        sigma: float | None = None,
        mask: np.ndarray | None = None,
        scale: int = 1,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> np.ndarray:
        """pixels uint8 or uint16 (H, W, C), C = 1 or 3 -> the same type, `scale` times as large.

        With sigma None the noise is estimated. Calls `on_progress(done, total)` after each part.
        Raises Stopped once `should_stop()` is true, UserError if the package or a needed mask is
        missing.
        """
        if not self.available():
            raise UserError(f"{self.title} needs a package: pip install {self.package}.")
        steps = self.steps(pixels, FilterSettings(sigma, mask, scale))
        while not should_stop():
            try:
                done, total = next(steps)
            except StopIteration as end:
                return end.value
            on_progress(done, total)
        steps.close()
        raise Stopped("Stopped before the photo was finished: restore it again.")


def by_tiles(
    pixels: np.ndarray,
    filter_: TileFilter,
    side: int,
    overlap: int,
    scale: int = 1,
    skip: bool = False,
) -> Steps:
    """Filter tiles of about `side` x `side`, each with `overlap` pixels around it as context."""
    if skip:
        return pixels.copy()
    height, width, channels = pixels.shape
    out = np.empty((height * scale, width * scale, channels), pixels.dtype)
    rows, columns = _edges(height, side), _edges(width, side)
    total, done = len(rows) * len(columns), 0
    for top, bottom in rows:
        for left, right in columns:
            above, before = min(top, overlap), min(left, overlap)
            seen = pixels[top - above : bottom + overlap, left - before : right + overlap]
            filtered = filter_(np.ascontiguousarray(seen))
            out[top * scale : bottom * scale, left * scale : right * scale] = filtered[
                above * scale : (above + bottom - top) * scale,
                before * scale : (before + right - left) * scale,
            ]
            done += 1
            yield done, total
    return out


def _edges(length: int, side: int) -> list[tuple[int, int]]:
    """(start, end) of equal parts of 0..length, none longer than `side`."""
    count = -(-length // side)
    return [(i * length // count, (i + 1) * length // count) for i in range(count)]


def in_8_bits(filter_: TileFilter) -> TileFilter:
    """A filter for 8 or 16 bits from one that works in 8 bits only."""

    def filter_of_any(tile: np.ndarray) -> np.ndarray:
        if tile.dtype == np.uint8:
            return filter_(tile)
        return filter_(rounded(tile / 257, np.uint8)).astype(tile.dtype) * 257

    return filter_of_any


def with_channels(pixels: np.ndarray) -> np.ndarray:
    """(h, w) or (h, w, C) -> (h, w, C)."""
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def rounded(values: np.ndarray, dtype: np.dtype | type) -> np.ndarray:
    """`values` rounded and clipped to this unsigned type."""
    return values.round().clip(0, np.iinfo(dtype).max).astype(dtype)
