"""Black and white copies of a data set: what a Bernoulli likelihood is defined for."""

from __future__ import annotations

import dataclasses
from typing import Literal

import torch
from torch import Tensor

from aeviz.datasets.base import Dataset, Split, Splits
from aeviz.datasets.splitting import content_hash

Binarisation = Literal["drawn", "threshold"]
SEED = 0


def binarised(dataset: Dataset, how: Binarisation, seed: int = SEED) -> Dataset:
    """The data set with pixels of 0 and 255 only.

    drawn: a pixel is white with the probability that is its grey level, once and for all (as the
    file of Larochelle & Murray 2011, which most published figures on MNIST use). threshold: white
    from the middle grey on. Figures in nats of one kind do not compare with those of the other.
    """
    generator = torch.Generator().manual_seed(seed)
    train, validation, test = (
        dataclasses.replace(split, images=_binary(split.images, how, generator))
        for split in (dataset.train, dataset.validation, dataset.test)
    )
    return dataclasses.replace(
        dataset,
        train=train,
        validation=validation,
        test=test,
        sha256=content_hash(Splits(train, validation, test)),
    )


def _binary(images: Tensor, how: Binarisation, generator: torch.Generator) -> Tensor:
    if how == "threshold":
        return (images > 127).to(torch.uint8) * 255
    parts = [
        (torch.rand(part.shape, generator=generator) * 255 < part).to(torch.uint8) * 255
        for part in images.split(2_000)
    ]
    return torch.cat(parts) if parts else images


def is_binary(split: Split) -> bool:
    """Whether each pixel is black or white."""
    return bool(((split.images == 0) | (split.images == 255)).all())
