"""The classical filters a restorer has to beat."""

from __future__ import annotations

import torch
from scipy import ndimage
from torch import Tensor


def median(x: Tensor, size: int = 3) -> Tensor:
    """The median of each pixel's size x size neighbourhood, channel by channel.

    x is (N, C, H, W) on the CPU and so is the result; edges are mirrored.
    """
    return torch.from_numpy(ndimage.median_filter(x.numpy(), size=(1, 1, size, size)))
