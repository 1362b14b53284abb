"""Masks of strokes and scratches for training: a whole batch at once, on any device.

A stroke is a chain of straight segments with round ends. After a random number of segments a new
stroke starts elsewhere, until a tenth of the square is covered. A pixel belongs to a segment if its
distance to it is less than half the stroke's width.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

SHARE = 0.1
"""Share of the pixels to cover."""

MIN_WIDTH = 2.0
"""Width in pixels for which there are enough segments; thinner strokes may cover less."""

_SPARE = 1.7  # factor, since segments leave the image and cross each other
_TURN = 0.9  # maximum angle between successive segments, in radians
_PIECES = 5.5  # mean number of segments per stroke
_COARSE = 4  # coverage is measured at every fourth pixel
_AT_ONCE = 1 << 26  # distances in memory at once


class Walks(NamedTuple):
    """Segments of strokes, each (N, S): from (x, y) by (dx, dy); radius < 0 means no segment."""

    x: Tensor
    y: Tensor
    dx: Tensor
    dy: Tensor
    radius: Tensor

    def of(self, part: slice) -> Walks:
        """The segments of some of the N masks."""
        return Walks(*(values[part] for values in self))


def strokes(height: int, width: int, lines: Tensor, generator: torch.Generator) -> Tensor:
    """Masks (N, 1, height, width) of 0 and 1: strokes about `lines` (N,) pixels wide that cover a
    tenth. `generator` must be on the device of `lines`."""
    walks = _walks(height, width, lines, generator)
    on_gpu = lines.device.type == "cuda"
    rows = max(1, _AT_ONCE // (walks.x.shape[1] * height * width)) if on_gpu else 1
    masks = []
    for first in range(0, len(lines), rows):
        chunk = _enough(walks.of(slice(first, first + rows)), height, width)
        chunk = chunk if on_gpu else _trimmed(chunk)
        masks.append((_inside(chunk, height, width, 1) <= 0).any(1))
    return torch.cat(masks)[:, None].float()


def _trimmed(walks: Walks) -> Walks:
    """Without the segments at the end that no mask uses. This makes a CPU ten times faster; on a
    GPU counting them would mean waiting for the device."""
    pieces = int((walks.radius >= 0).sum(1).max())
    return Walks(*(values[:, :pieces] for values in walks))


def _walks(height: int, width: int, lines: Tensor, generator: torch.Generator) -> Walks:
    """More segments than are needed."""
    device, n = lines.device, len(lines)
    area = 2 * (MIN_WIDTH + 4) * MIN_WIDTH  # mean area of a segment
    pieces = math.ceil(_SPARE * SHARE * height * width / area)
    u = torch.rand(6, n, pieces, generator=generator, device=device)
    begins = u[0] < 1 / _PIECES
    begins[:, 0] = True
    order = torch.arange(pieces, device=device).expand(n, -1)
    stroke = torch.where(begins, order, 0).cummax(1).values  # index of each stroke's first segment
    line = lines[:, None] * (0.7 + 0.6 * u[1].gather(1, stroke))
    turn = torch.where(begins, 2 * math.pi * u[2], _TURN * (2 * u[2] - 1)).cumsum(1)
    step = (1 + 2 * u[3]) * (line + 4)
    dx, dy = step * turn.cos(), step * turn.sin()
    x, y = (
        _places(size * along, delta, stroke)
        for size, along, delta in ((width, u[4], dx), (height, u[5], dy))
    )
    return Walks(x, y, dx, dy, line.clamp_min(1) / 2)


def _places(origin: Tensor, delta: Tensor, stroke: Tensor) -> Tensor:
    """The start of each segment along one axis: its stroke's start plus the segments before it."""
    before = delta.cumsum(1) - delta
    return origin.gather(1, stroke) + before - before.gather(1, stroke)


def _enough(walks: Walks, height: int, width: int) -> Walks:
    """The segments up to the point where enough is covered; the others get radius -1."""
    covered = (_inside(walks, height, width, _COARSE) <= 0).float().cummax(1).values
    share = covered.mean((2, 3))
    missing = torch.cat([torch.zeros_like(share[:, :1]), share[:, :-1]], 1) < SHARE
    return walks._replace(radius=torch.where(missing, walks.radius, -1.0))


def _inside(walks: Walks, height: int, width: int, every: int) -> Tensor:
    """(N, S, rows, columns): at most 0 where a pixel lies in a segment, for every `every`th pixel.

    The squared distance of p to a segment from a to a + d is |p - a|^2 - t (2 s - t) |d|^2, where
    s = (p - a) d / |d|^2 and t is s clipped to [0, 1].
    """
    device = walks.x.device
    down = torch.arange(0, height, every, device=device) + 0.5 - walks.y[:, :, None]
    right = torch.arange(0, width, every, device=device) + 0.5 - walks.x[:, :, None]
    length = (walks.dx.square() + walks.dy.square())[:, :, None]
    s = (down * walks.dy[:, :, None] / length)[..., None]
    s = s + (right * walks.dx[:, :, None] / length)[:, :, None]
    t = s.clamp(0, 1)
    distance = torch.addcmul(
        right.square()[:, :, None], t, t.sub(s, alpha=2).mul_(length[..., None])
    )
    radius = walks.radius[:, :, None]
    limit = torch.where(radius < 0, -math.inf, radius.square())
    return distance.add_((down.square() - limit)[..., None])
