"""Images of a result, several in one PNG file."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from aeviz.images import encode_png

GAP = 1
"""Pixels between two images, of the middle grey that suits light and dark pages."""


def strip(images: Tensor) -> bytes:
    """(N, C, H, W) in [0, 1] -> a PNG of the images beside each other."""
    return grid(images, len(images))


def grid(images: Tensor, columns: int) -> bytes:
    """(N, C, H, W) in [0, 1] -> a PNG of rows of so many images; the last row is filled up."""
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    cells = F.pad(images.cpu().float(), (0, GAP, 0, GAP), value=0.5)
    cells = F.pad(cells, (0, 0, 0, 0, 0, 0, 0, rows * columns - n), value=0.5)
    sheet = cells.reshape(rows, columns, channels, height + GAP, width + GAP)
    sheet = sheet.permute(2, 0, 3, 1, 4).reshape(
        channels, rows * (height + GAP), columns * (width + GAP)
    )
    return encode_png(sheet[:, :-GAP, :-GAP])
