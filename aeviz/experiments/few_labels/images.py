"""The images of a draw: which have a label, and images of another data set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset, Split
from aeviz.evaluation.validation import to_float
from aeviz.experiments.few_labels.parameters import Parameters
from aeviz.experiments.fitting import first, with_splits


@dataclass(frozen=True)
class Draw:
    """The labelled images of one draw, by their place among the training images; validation and
    test images are the same for all."""

    dataset: Dataset
    index: Tensor
    seed: int

    @property
    def y(self) -> Tensor:
        return self.dataset.train.labels[self.index]

    @property
    def classes(self) -> int:
        return len(self.dataset.class_names)


def limited(name: str, images: int) -> Dataset:
    """The data set with up to `images` training images, and up to a fifth of that number of
    validation and of test images."""
    dataset = datasets.load(name)
    part = slice(0, images // 5)
    return replace(
        first(dataset, images),
        validation=dataset.validation.take(part),
        test=dataset.test.take(part),
    )


def labels_per_class(params: Parameters, dataset: Dataset) -> list[int]:
    """Labelled images of each class; what the data set has not enough images for is left out."""
    classes = len(dataset.train.labels.unique())
    wanted = [labels // classes for labels in params.labels if labels <= len(dataset.train)]
    return sorted({count for count in wanted if count})


def share_wrong(guess: Tensor, split: Split) -> float:
    """Share of the images whose class is another than `guess` (N,)."""
    return (guess != split.labels).float().mean().item()


@lru_cache(maxsize=1)
def resized(name: str, like: str, images: int) -> Dataset:
    """The images of another data set, as many and as large as those of `like`."""
    dataset, target = datasets.load(name), limited(like, images)
    parts = (dataset.train, dataset.validation)
    few = [part.take(slice(0, len(target.train))) for part in parts]
    train, validation = (
        Split(_as(to_float(part.images), target.image_shape), part.labels) for part in few
    )
    return replace(with_splits(dataset, train, validation), name=like)


def _as(x: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as uint8 of another shape; colours become grey, or grey three
    equal colours."""
    if shape[0] == 1:
        x = x.mean(1, keepdim=True)
    x = F.interpolate(x, shape[1:], mode="bilinear", antialias=True).expand(-1, shape[0], -1, -1)
    return (x * 255).round().clamp(0, 255).to(torch.uint8)
