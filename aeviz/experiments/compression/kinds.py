"""Kinds of image of one size: those of the data set, the same inverted, of other data sets, noise.

Each is a data set with three splits, so that a codec can be fitted to it, and its images can be
given to codecs of other kinds.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset, Split
from aeviz.degradations.pixels import luminance
from aeviz.experiments.fitting import with_splits

OTHERS: Final = {"digits": "mnist-5k", "shapes": "shapes", "clothes": "fashion-mnist"}
"""Kinds that other data sets have."""
ALSO: Final = {"mnist": "digits", "digits": "digits", "shapes-colour": "shapes"}
COUNTS: Final = (4000, 500, 500)
"""At most so many images to learn from, to choose with and to measure on, but of the own kind
all."""


def own_kind(name: str) -> str:
    """What the images of a data set show."""
    named = {dataset: kind for kind, dataset in OTHERS.items()} | ALSO
    return named.get(name) or datasets.find(name).title


def another(name: str) -> str:
    """The other kind that networks learn, too."""
    return "digits" if own_kind(name) == "shapes" else "shapes"


def kinds_of(name: str) -> list[str]:
    """All kinds of image for a data set. Data sets that have to be downloaded first are left
    out."""
    own = own_kind(name)
    there = [kind for kind, other in OTHERS.items() if kind != own and datasets.available(other)]
    return [own, f"inverted {own}", *there, "noise"]


@lru_cache(maxsize=8)
def images_of_kind(name: str, kind: str) -> Dataset:
    """Images of this kind that are as large as those of the data set."""
    dataset = datasets.load(name)
    own = own_kind(name)
    if kind == own:
        return dataset
    parts = [dataset.train, dataset.validation, dataset.test]
    if kind in OTHERS:
        other = datasets.load(OTHERS[kind])
        parts = [other.train, other.validation, other.test]
    parts = [part.take(slice(0, count)) for part, count in zip(parts, COUNTS, strict=True)]
    if kind == f"inverted {own}":
        images = [255 - part.images for part in parts]
    elif kind == "noise":
        images = [_noise(part.images, seed) for seed, part in enumerate(parts)]
    else:
        images = [_resized(part.images, dataset.image_shape) for part in parts]
    train, validation, test = (
        Split(one, part.labels) for one, part in zip(images, parts, strict=True)
    )
    return dataclasses.replace(with_splits(dataset, train, validation), test=test)


def _noise(images: Tensor, seed: int) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, images.shape, generator=chance).byte()


def _resized(images: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """uint8 (N, C, H, W) -> uint8 of this shape each, grey or in colour."""
    channels, *size = shape
    x = images.float()
    if size != list(x.shape[2:]):
        x = F.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)
    if x.shape[1] > channels:
        x = luminance(x)
    return x.round().clamp(0, 255).byte().expand(-1, channels, -1, -1)
