"""The images of a trial: normal ones to learn from, and both kinds to measure on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset, Split
from aeviz.datasets.base import Splits
from aeviz.experiments.splits import pooled, some, stratified

FEWEST = 8
"""Normal images to learn from."""
CLASSES = 10
"""Most classes of an experiment. So many trials are kept: all seeds share those of the official
split."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One class and seed: normal images to learn from; normal ones and anomalies to choose settings
    with (validation) and to measure on (test). `*_y` is 1 for an anomaly."""

    dataset: Dataset
    train: Split
    validation: Split
    validation_y: Tensor
    test: Split
    test_y: Tensor


@lru_cache(maxsize=2)
def _splits(name: str, images: int, seed: int) -> Splits:
    """`images` of all images, split at random; 0: the data set's own split."""
    dataset = datasets.load(name)
    if not images:
        return Splits(dataset.train, dataset.validation, dataset.test)
    return stratified(some(pooled(dataset), images, seed), seed)


@lru_cache(maxsize=CLASSES)
def trial_of(name: str, images: int, setup: str, label: int, seed: int) -> Trial | None:
    """None if the class has too few images."""
    parts = _splits(name, images, seed)

    def odd(part: Split) -> Tensor:
        return (part.labels != label) == (setup == "one-normal")

    train = parts.train.take((~odd(parts.train)).nonzero()[:, 0])
    train = train.take(slice(0, len(train) // 2 * 2))  # batch norm cannot take one image alone
    both = all(len(odd(part).unique()) == 2 for part in (parts.validation, parts.test))
    if len(train) < FEWEST or not both:
        return None
    return Trial(
        datasets.load(name),
        train,
        parts.validation,
        odd(parts.validation),
        parts.test,
        odd(parts.test),
    )
