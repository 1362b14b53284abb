"""Test images: as they are, inverted, turned, or noise."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.datasets import Dataset, Split


def images_of(dataset: Dataset, kind: str) -> Split:
    """The test images, or what was made of them."""
    split = dataset.test
    if kind == "own":
        return split
    images = {
        "inverted": lambda: 255 - split.images,
        "turned": lambda: split.images.flip(-1, -2),
        "noise": lambda: _noise(split.images),
    }[kind]()
    return Split(images, split.labels)


def _noise(images: Tensor) -> Tensor:
    chance = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, images.shape, generator=chance).byte()
