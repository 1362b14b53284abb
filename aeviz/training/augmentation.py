"""Augmentation of a batch: shifts, mirror images and random crops.

The generators are on the CPU: reading a random number from a device would mean waiting for it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def augment(x: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """`shift`: one random shift of up to one pixel for the whole batch x (B, C, H, W);
    `shift-flip`: half of the batches are also mirrored; `crop-flip`: a random crop of each
    image."""
    if kind == "none":
        return x
    if kind == "crop-flip":
        return crop(x, generator)
    draw = torch.randint(0, 18, (), generator=generator).item()
    dy, dx = int(draw) % 3 - 1, int(draw) // 3 % 3 - 1
    x = torch.roll(x, (dy, dx), (2, 3))
    return x.flip(3) if kind == "shift-flip" and draw >= 9 else x


def crop(x: Tensor, generator: torch.Generator) -> Tensor:
    """A random square of each image (B, C, H, W), half to all of its side, scaled up to the full
    size; half of them are mirrored."""
    scale = 1 - 0.5 * torch.rand(len(x), generator=generator)
    down, right = (1 - scale) * (2 * torch.rand(2, len(x), generator=generator) - 1)
    mirror = torch.randint(0, 2, (len(x),), generator=generator) * 2 - 1
    zero = torch.zeros_like(scale)
    rows = (scale * mirror, zero, right, zero, scale, down)
    matrix = torch.stack(rows, 1).reshape(-1, 2, 3).to(x.device)
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=True)
    return functional.grid_sample(x, grid, align_corners=True)
