"""Nearest training images, on a perfect, a constant and a memorising model."""

from __future__ import annotations

import torch

from aeviz.evaluation.memorisation import memorised, nearest


def test_nearest_by_hand() -> None:
    distance, index = nearest(
        torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    )
    assert distance.tolist() == [1, 4]
    assert index.tolist() == [1, 0]


def test_nearest_of_more_than_one_chunk_is_brute_force() -> None:
    chance = torch.Generator().manual_seed(0)
    x, among = torch.rand(1003, 5, generator=chance), torch.rand(40, 5, generator=chance)
    away = (x[:, None] - among).square().sum(2).sqrt()
    distance, index = nearest(x, among)
    assert torch.allclose(distance, away.amin(1), atol=1e-5)
    assert torch.equal(index, away.argmin(1))


def test_a_copy_has_memorised_nothing_and_a_lookup_everything() -> None:
    chance = torch.Generator().manual_seed(1)
    train, x = (torch.rand(50, 20, generator=chance) for _ in range(2))
    assert memorised(x, x, train) == 0
    assert memorised(x, train[nearest(x, train)[1]], train) == 1


def test_a_constant_answer_is_near_whatever_lies_around_it() -> None:
    train, x = torch.tensor([[0.0], [10.0]]), torch.tensor([[1.0], [4.0], [6.0]])
    answer = torch.full((3, 1), 4.5)  # 4.5 from a training image; 3.5, 0.5 and 1.5 from its own
    assert memorised(x, answer, train) == 0
    assert memorised(x, torch.zeros(3, 1), train) == 1
