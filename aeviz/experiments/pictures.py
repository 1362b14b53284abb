"""Images of a result, several in one PNG file."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.images import encode_png

GAP = 1
"""Pixels between two images, of the middle grey that suits light and dark pages."""


def strip(images: Tensor) -> bytes:
    """(N, C, H, W) in [0, 1] -> a PNG of the images beside each other."""
    return grid(images, len(images))


def grid(images: Tensor, columns: int) -> bytes:
    """(N, C, H, W) in [0, 1] -> a PNG with this many columns; the last row is filled with grey."""
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    cells = F.pad(images.cpu().float(), (0, GAP, 0, GAP), value=0.5)
    cells = F.pad(cells, (0, 0, 0, 0, 0, 0, 0, rows * columns - n), value=0.5)
    sheet = cells.reshape(rows, columns, channels, height + GAP, width + GAP)
    sheet = sheet.permute(2, 0, 3, 1, 4).reshape(
        channels, rows * (height + GAP), columns * (width + GAP)
    )
    return encode_png(sheet[:, :-GAP, :-GAP])


HEAT = ((0.0, 0.0, 0.0), (0.45, 0.05, 0.35), (0.9, 0.3, 0.1), (1.0, 0.8, 0.2), (1.0, 1.0, 0.9))
"""Colours of a heatmap from 0 to 1: black, violet, orange, yellow, white. Each is lighter than the
one before, so that it can be read without colours."""


def heat(values: Tensor, top: float) -> Tensor:
    """(N, 1, H, W) from 0 to `top` or above -> (N, 3, H, W) colours, on the same scale for all."""
    place = (values / max(top, 1e-12)).clamp(0, 1) * (len(HEAT) - 1)
    low = place.floor().clamp(max=len(HEAT) - 2).long()
    colours = torch.tensor(HEAT)
    share = (place - low).movedim(1, 3)
    mixed = colours[low[:, 0]] * (1 - share) + colours[low[:, 0] + 1] * share
    return mixed.movedim(3, 1)
