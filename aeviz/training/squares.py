"""Photographs in one tensor, from which batches of random squares are cut on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.errors import UserError


class Squares:
    """Photographs, each uint8 (3, H, W), flat in the memory of `device`. Raises UserError unless a
    square of `side` pixels fits into each."""

    def __init__(self, photos: list[Tensor], side: int, device: torch.device) -> None:
        least = min(min(photo.shape[1:]) for photo in photos)
        if least < side:
            raise UserError(
                f"The smallest photograph has only {least} pixels on a side: set training.crop "
                "lower."
            )
        self.side = side
        self._levels = torch.cat([photo.flatten() for photo in photos]).to(device)
        sizes = torch.tensor([photo.shape[1:] for photo in photos])
        starts = torch.tensor([photo.numel() for photo in photos]).cumsum(0)
        self._starts = (starts - 3 * sizes.prod(1)).to(device)
        self._heights, self._widths = sizes.to(device).unbind(1)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Random squares of random photographs, turned and mirrored: (count, 3, side, side) in
        [0, 1]. `generator` is on the device of the photographs."""
        side, device = self.side, self._levels.device
        u = torch.rand(4, count, generator=generator, device=device)
        which = _whole(u[0], torch.full_like(self._starts[:1], len(self._starts)))
        height, width = self._heights[which], self._widths[which]
        top, left = _whole(u[1], height - side + 1), _whole(u[2], width - side + 1)
        row, column = (line[None] for line in _grid(side, device))
        turn = (u[3] * 8).long()[:, None, None]
        across, down = (turn & 4) > 0, (turn & 2) > 0
        row, column = torch.where(across, column, row), torch.where(across, row, column)
        row = torch.where(down, side - 1 - row, row)
        column = torch.where((turn & 1) > 0, side - 1 - column, column)
        place = self._starts[which, None, None] + left[:, None, None] + column
        place = place + (top[:, None, None] + row) * width[:, None, None]
        plane = torch.arange(3, device=device) * (height * width)[:, None]
        return self._levels[place[:, None] + plane[:, :, None, None]].float() / 255


def _whole(u: Tensor, below: Tensor) -> Tensor:
    """Whole numbers from 0 to `below` - 1, for u in [0, 1)."""
    return torch.minimum((u * below).long(), below - 1)


def _grid(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    line = torch.arange(side, device=device)
    return line[:, None].expand(side, side), line.expand(side, side)
