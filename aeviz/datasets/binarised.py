"""Binarised copies of a data set, for Bernoulli likelihoods."""

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

    drawn: each pixel is drawn once, white with its grey level as the probability (as in the file of
    Larochelle & Murray 2011, which most published figures on MNIST use). threshold: a pixel is
    white if its grey level is above the middle. Likelihoods in nats of one kind cannot be compared
    with those of the other.
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
