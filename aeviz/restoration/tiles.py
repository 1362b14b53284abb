"""Process a large image in overlapping windows and join the results without seams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

FEATHER = 32
"""Width in pixels, in the middle of an overlap, over which one window fades into the next."""


class Box(NamedTuple):
    """The pixels left <= x < right, top <= y < bottom."""

    left: int
    top: int
    right: int
    bottom: int


class Grid:
    """Windows over height x width pixels, all of one size, at most `side` x `side`.

    Their corners and sides are multiples of `multiple`. Neighbours share `overlap` pixels or a
    few more. The last windows may extend beyond the image by less than `multiple`.
    """

    def __init__(self, height: int, width: int, side: int, overlap: int, multiple: int) -> None:
        self.height, self.width = height, width
        self.rows = spans(height, side, overlap, multiple)
        self.columns = spans(width, side, overlap, multiple)

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)


def spans(length: int, side: int, overlap: int, multiple: int) -> list[tuple[int, int]]:
    """(start, end) of evenly spread spans of equal length over 0..length; see `Grid`."""
    if side < 4 * overlap or side % multiple or overlap % multiple:
        raise ValueError(f"windows of {side} cannot overlap by {overlap} in steps of {multiple}")
    padded = _round_up(length, multiple)
    if padded <= side:
        return [(0, padded)]
    count = -(-(padded - overlap) // (side - overlap))
    size = _round_up(-(-(padded + (count - 1) * overlap) // count), multiple)
    starts = [i * (padded - size) // (count - 1) // multiple * multiple for i in range(count)]
    return [(start, start + size) for start in starts]


def mosaic(
    grid: Grid, compute: Callable[[list[Box]], Tensor], batch: int = 1
) -> Iterator[tuple[Box, Tensor]]:
    """Yields the parts (C, h, w) of the result, each once, row by row from the top left.

    `compute` returns the contents (N, C, h, w) of up to `batch` windows at a time. Only the overlap
    with the next row is kept in memory.
    """
    above: Tensor | None = None
    for (top, bottom), (next_top, overlap_y) in _with_next(grid.rows):
        overlaps: list[Tensor] = []
        beside: Tensor | None = None
        columns = list(_with_next(grid.columns))
        for first in range(0, len(columns), batch):
            chunk = columns[first : first + batch]
            windows = compute([Box(left, top, right, bottom) for (left, right), _ in chunk])
            for ((left, _), (next_left, _)), window in zip(chunk, windows, strict=True):
                if beside is not None:
                    _fade_in(window, beside, -1)
                beside = window[..., next_left - left :]
                part = window[..., : next_left - left]
                if above is not None:
                    _fade_in(part, above[..., left:next_left], -2)
                if overlap_y:
                    overlaps.append(part[:, -overlap_y:].clone())
                box = Box(left, top, min(next_left, grid.width), min(next_top, grid.height))
                yield box, part[:, : box.bottom - top, : box.right - left]
        above = torch.cat(overlaps, -1) if overlaps else None


def _with_next(spans: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Each span with the start of the next one and the length of their overlap."""
    for span, (start, _) in pairwise([*spans, (spans[-1][1], 0)]):
        yield span, (start, span[1] - start)


def _fade_in(window: Tensor, before: Tensor, dim: int) -> None:
    """Blend the first pixels of `window` (C, h, w) along `dim` with `before`, the end of the
    previous window."""
    shared = before.shape[dim]
    place = torch.arange(shared, device=window.device) + 0.5
    ramp = ((place - shared / 2) / FEATHER + 0.5).clamp(0, 1)
    edge = window.narrow(dim, 0, shared)
    edge.copy_(torch.lerp(before, edge, ramp if dim == -1 else ramp[:, None]))


def _round_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
