"""Splits of a data set: repeats with other images, so that a small test set counts more than once.

A data set of a few thousand images has some hundred test images. Then all images are pooled and
split again for each seed; the splits share images, so repeats vary a little less than new data
would.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from aeviz.datasets import Dataset, Split
from aeviz.datasets.base import Splits

SHARES = (0.7, 0.1, 0.2)
"""Of each class: to learn from, to choose settings with, to measure on."""
SAME_TEST: Final = (
    "Intervals",
    "over seeds, which all measure on the same test images: they cover the training only",
)
"""The line of a protocol whose seeds share the data set's own test images."""


def pooled(dataset: Dataset) -> Split:
    """All images of a data set: train, validation, test."""
    parts = (dataset.train, dataset.validation, dataset.test)
    images, labels = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("images", "labels")
    )
    return Split(images, labels)


def some(split: Split, count: int, seed: int) -> Split:
    """`count` random images; all if there are fewer."""
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(seed))
    return split.take(order[:count])


def stratified(split: Split, seed: int, shares: tuple[float, float, float] = SHARES) -> Splits:
    """Train, validation and test at random, with the same shares of each class, each shuffled.

    A class of three images or more has one in each.
    """
    generator = torch.Generator().manual_seed(seed)
    parts: tuple[list[Tensor], ...] = ([], [], [])
    for label in split.labels.unique():
        index = (split.labels == label).nonzero()[:, 0]
        index = index[torch.randperm(len(index), generator=generator)]
        n = len(index)
        held = [max(round(share * n), 1) if n > 2 else 0 for share in shares[1:]]
        cut = n - sum(held)
        for part, rows in zip(parts, index.split([cut, *held]), strict=True):
            part.append(rows)
    shuffled = []
    for part in parts:
        rows = torch.cat(part)
        shuffled.append(split.take(rows[torch.randperm(len(rows), generator=generator)]))
    return Splits(*shuffled)


def balanced(labels: Tensor, per_class: int, seed: int) -> Tensor:
    """Indices of `per_class` random images of each class (all of a smaller one), class by class."""
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for label in labels.unique():
        index = (labels == label).nonzero()[:, 0]
        chosen.append(index[torch.randperm(len(index), generator=generator)[:per_class]])
    return torch.cat(chosen)


def same_test_images(parameters: Any) -> str:
    """What a verdict must add if the seeds are measured on the same images, else ""."""
    if parameters.split == "pooled":
        return ""
    return " The intervals are over seeds; the test images are always the same."
