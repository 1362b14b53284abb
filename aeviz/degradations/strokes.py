"""Strokes and scratches for training: a whole batch of masks at once, on any device.

A mask is a chain of straight pieces with round ends. Now and then the chain restarts at another
place, until a tenth of the square is covered. A pixel lies in a piece if its distance to the line
between the piece's ends is below half the stroke's width.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

SHARE = 0.1
"""Of the pixels that are covered."""

NARROWEST = 2.0
"""Width in pixels for which there are pieces enough; thinner strokes may cover less."""

_SPARE = 1.7  # pieces leave the picture and cross each other
_TURN = 0.9  # radians at most from one piece to the next
_PIECES = 5.5  # of a stroke, on average
_COARSE = 4  # every so many pixels are looked at to see how much is covered
_AT_ONCE = 1 << 26  # distances in memory at once


class Walks(NamedTuple):
    """Pieces of strokes, each (N, S): from x, y by dx, dy, with a radius below 0 where there is
    none."""

    x: Tensor
    y: Tensor
    dx: Tensor
    dy: Tensor
    radius: Tensor

    def of(self, part: slice) -> Walks:
        """Of some of the N masks."""
        return Walks(*(values[part] for values in self))


def strokes(height: int, width: int, lines: Tensor, generator: torch.Generator) -> Tensor:
    """Masks (N, 1, height, width) of 0 and 1: strokes about `lines` (N,) pixels wide, as many as
    cover a tenth. `generator` is on the device of `lines`."""
    walks = _walks(height, width, lines, generator)
    on_gpu = lines.device.type == "cuda"
    rows = max(1, _AT_ONCE // (walks.x.shape[1] * height * width)) if on_gpu else 1
    masks = []
    for first in range(0, len(lines), rows):
        some = _enough(walks.of(slice(first, first + rows)), height, width)
        some = some if on_gpu else _trimmed(some)
        masks.append((_inside(some, height, width, 1) <= 0).any(1))
    return torch.cat(masks)[:, None].float()


def _trimmed(walks: Walks) -> Walks:
    """Without the pieces at the end that are left out of all masks: a GPU would have to be waited
    for to know how many, and a CPU draws a mask ten times faster."""
    pieces = int((walks.radius >= 0).sum(1).max())
    return Walks(*(values[:, :pieces] for values in walks))


def _walks(height: int, width: int, lines: Tensor, generator: torch.Generator) -> Walks:
    """More pieces than are needed."""
    device, n = lines.device, len(lines)
    area = 2 * (NARROWEST + 4) * NARROWEST  # of a piece, on average
    pieces = math.ceil(_SPARE * SHARE * height * width / area)
    u = torch.rand(6, n, pieces, generator=generator, device=device)
    begins = u[0] < 1 / _PIECES
    begins[:, 0] = True
    order = torch.arange(pieces, device=device).expand(n, -1)
    stroke = torch.where(begins, order, 0).cummax(1).values  # the piece that each one's began with
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
    """Where each piece begins, along one axis: where its stroke began, and on from there."""
    before = delta.cumsum(1) - delta
    return origin.gather(1, stroke) + before - before.gather(1, stroke)


def _enough(walks: Walks, height: int, width: int) -> Walks:
    """The same with the pieces left out that come after enough is covered."""
    covered = (_inside(walks, height, width, _COARSE) <= 0).float().cummax(1).values
    share = covered.mean((2, 3))
    missing = torch.cat([torch.zeros_like(share[:, :1]), share[:, :-1]], 1) < SHARE
    return walks._replace(radius=torch.where(missing, walks.radius, -1.0))


def _inside(walks: Walks, height: int, width: int, every: int) -> Tensor:
    """(N, S, rows, columns): at most 0 where a pixel, of every so many, lies in a piece.

    The squared distance to a segment from a by d, at t = s in [0, 1] cut off: |p - a|^2 - t (2 s -
    t) |d|^2, where s = (p - a) d / |d|^2.
    """
    device = walks.x.device
    down = torch.arange(0, height, every, device=device) + 0.5 - walks.y[:, :, None]
    right = torch.arange(0, width, every, device=device) + 0.5 - walks.x[:, :, None]
    length = (walks.dx.square() + walks.dy.square())[:, :, None]
    s = (down * walks.dy[:, :, None] / length)[..., None]
    s = s + (right * walks.dx[:, :, None] / length)[:, :, None]
    t = s.clamp(0, 1)
    apart = torch.addcmul(right.square()[:, :, None], t, t.sub(s, alpha=2).mul_(length[..., None]))
    radius = walks.radius[:, :, None]
    most = torch.where(radius < 0, -math.inf, radius.square())
    return apart.add_((down.square() - most)[..., None])
