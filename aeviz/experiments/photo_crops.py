"""Squares cut out of photographs, as small as the images of a small model that never saw any."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.degradations.pixels import luminance
from aeviz.nn.networks import ImageShape

SHRINK = 3
"""The photographs are made this many times smaller, so that a square holds more than one leaf."""


@cache
def photo_crops(shape: ImageShape) -> Tensor:
    """Squares of this shape (C, H, W) from scikit-learn's two photographs (a temple, a flower),
    side by side without overlap, grey where C is 1: (N, C, H, W) in [0, 1]."""
    from sklearn.datasets import load_sample_images  # slow to import

    channels, height, width = shape
    crops = []
    for photo in load_sample_images().images:
        x = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None].float() / 255  # (1, 3, H, W)
        x = F.avg_pool2d(x, SHRINK)
        if channels == 1:
            x = luminance(x)
        columns = F.unfold(x, (height, width), stride=(height, width))[0].T
        crops.append(columns.reshape(-1, *x.shape[1:2], height, width))
    return torch.cat(crops)
