"""A large picture in overlapping windows, put together again without seams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

FEATHER = 32
"""Over so many pixels, in the middle of an overlap, one window fades into the next."""


class Box(NamedTuple):
    """The pixels left <= x < right, top <= y < bottom."""

    left: int
    top: int
    right: int
    bottom: int


class Grid:
    """Windows over height x width pixels: all of one size, at most `side` square.

    Their corners and sides are multiples of `multiple`; neighbours share `overlap` pixels or a
    little more. The last ones may reach beyond the picture, by less than `multiple`.
    """

    def __init__(self, height: int, width: int, side: int, overlap: int, multiple: int) -> None:
        self.height, self.width = height, width
        self.rows = spans(height, side, overlap, multiple)
        self.columns = spans(width, side, overlap, multiple)

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)


def spans(length: int, side: int, overlap: int, multiple: int) -> list[tuple[int, int]]:
    """(start, end) of equally long spans over 0..length, as `Grid` says, spread evenly."""
    if side < 4 * overlap or side % multiple or overlap % multiple:
        raise ValueError(f"windows of {side} cannot overlap by {overlap} in steps of {multiple}")
    whole = _up(length, multiple)
    if whole <= side:
        return [(0, whole)]
    count = -(-(whole - overlap) // (side - overlap))
    size = _up(-(-(whole + (count - 1) * overlap) // count), multiple)
    starts = [i * (whole - size) // (count - 1) // multiple * multiple for i in range(count)]
    return [(start, start + size) for start in starts]


def mosaic(
    grid: Grid, compute: Callable[[list[Box]], Tensor], batch: int = 1
) -> Iterator[tuple[Box, Tensor]]:
    """Yields the parts (C, h, w) of the whole, each once, row by row from the top left.

    `compute` answers the contents (N, C, h, w) of up to `batch` windows at a time. Of what is
    finished nothing is kept, of the rest only the overlap with the row above.
    """
    above: Tensor | None = None
    for (top, bottom), (next_top, overlap_y) in _with_next(grid.rows):
        kept: list[Tensor] = []
        beside: Tensor | None = None
        columns = list(_with_next(grid.columns))
        for first in range(0, len(columns), batch):
            some = columns[first : first + batch]
            windows = compute([Box(left, top, right, bottom) for (left, right), _ in some])
            for ((left, _), (next_left, _)), window in zip(some, windows, strict=True):
                if beside is not None:
                    _fade_in(window, beside, -1)
                beside = window[..., next_left - left :]
                part = window[..., : next_left - left]
                if above is not None:
                    _fade_in(part, above[..., left:next_left], -2)
                if overlap_y:
                    kept.append(part[:, -overlap_y:].clone())
                box = Box(left, top, min(next_left, grid.width), min(next_top, grid.height))
                yield box, part[:, : box.bottom - top, : box.right - left]
        above = torch.cat(kept, -1) if kept else None


def _with_next(spans: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Each span with where the next one begins, and how much the two share."""
    for span, (start, _) in pairwise([*spans, (spans[-1][1], 0)]):
        yield span, (start, span[1] - start)


def _fade_in(window: Tensor, before: Tensor, dim: int) -> None:
    """Blends the first pixels of `window` (C, h, w) along `dim` with `before`, which ends there."""
    shared = before.shape[dim]
    place = torch.arange(shared, device=window.device) + 0.5
    ramp = ((place - shared / 2) / FEATHER + 0.5).clamp(0, 1)
    edge = window.narrow(dim, 0, shared)
    edge.copy_(torch.lerp(before, edge, ramp if dim == -1 else ramp[:, None]))


def _up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
