"""Splits: no image twice, each class in each part, the same seed gives the same split."""

from __future__ import annotations

import torch

from aeviz import datasets
from aeviz.datasets import Split
from aeviz.experiments import fitting, splits


def numbered(counts: list[int]) -> Split:
    labels = torch.cat([torch.full((n,), label) for label, n in enumerate(counts)])
    return Split(torch.arange(len(labels)).reshape(-1, 1, 1, 1), labels)


def test_each_image_is_in_one_part_and_each_class_in_all() -> None:
    parts = splits.stratified(numbered([100, 30, 3, 1]), seed=0)
    every = [part.images.flatten() for part in (parts.train, parts.validation, parts.test)]
    assert torch.cat(every).sort().values.tolist() == list(range(134))
    counts = [
        part.labels.bincount(minlength=4).tolist()
        for part in (parts.train, parts.validation, parts.test)
    ]
    assert counts == [[70, 21, 1, 1], [10, 3, 1, 0], [20, 6, 1, 0]]


def test_some_images_are_drawn_at_random() -> None:
    every = numbered([50, 50])
    few = splits.some(every, 10, seed=0)
    assert len(few.images.unique()) == 10
    assert not torch.equal(few.images, splits.some(every, 10, seed=1).images)
    assert len(splits.some(every, 1000, seed=0)) == 100


def test_another_seed_is_another_split() -> None:
    first, again, other = (splits.stratified(numbered([50, 50]), seed) for seed in (0, 0, 1))
    assert torch.equal(first.test.images, again.test.images)
    assert not torch.equal(first.test.images, other.test.images)


def test_balanced_draws_the_same_number_of_each_class() -> None:
    labels = torch.tensor([0] * 20 + [1] * 5 + [2] * 2)
    index = splits.balanced(labels, 3, seed=0)
    assert labels[index].bincount().tolist() == [3, 3, 2]
    assert len(index.unique()) == 8
    assert not torch.equal(index, splits.balanced(labels, 3, seed=1))


def test_all_images_are_pooled() -> None:
    assert len(splits.pooled(datasets.load("digits"))) == 1797


def test_other_training_images_are_another_data_set() -> None:
    """Otherwise two classes with equally many images would share one trained model."""
    dataset = datasets.load("digits")
    first, again, other = (
        fitting.with_train(dataset, torch.arange(start, start + 9)).sha256 for start in (0, 0, 9)
    )
    assert first == again != other
