"""Which images a page shows."""

from __future__ import annotations

import torch

from aeviz.ui.reconstruct.sources import sample

LABELS = torch.arange(100) % 5


def test_a_sample_takes_the_classes_in_turn_and_no_image_twice() -> None:
    places = sample(LABELS, [], 10, seed=0)
    assert [int(LABELS[i]) for i in places] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert len(set(places)) == 10


def test_only_chosen_classes_are_drawn_and_as_many_as_there_are() -> None:
    places = sample(LABELS, [3, 1], 60, seed=0)
    assert sorted(places) == [i for i in range(100) if i % 5 in (1, 3)]


def test_the_seed_decides_the_sample() -> None:
    assert sample(LABELS, [], 10, 1) == sample(LABELS, [], 10, 1) != sample(LABELS, [], 10, 2)


def test_a_class_without_images_is_no_obstacle() -> None:
    assert sample(LABELS, [7], 10, 0) == []
    assert len(sample(LABELS, [7, 2], 5, 0)) == 5
