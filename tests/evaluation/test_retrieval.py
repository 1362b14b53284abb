"""Measures of a search by hand, against scikit-learn, and against all orders of ties."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from sklearn.metrics import average_precision_score

from aeviz.evaluation import retrieval


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def test_average_precision_is_that_of_scikit_learn() -> None:
    distances, relevant = draw(5, 40), draw(5, 40) > 0.7
    found = retrieval.average_precision(distances, relevant)
    for row, truth, value in zip(distances, relevant, found, strict=True):
        assert value.item() == pytest.approx(average_precision_score(truth, -row))


def test_by_hand() -> None:
    distances = torch.tensor([[1.0, 2, 3, 4]])
    relevant = torch.tensor([[True, False, True, False]])
    assert retrieval.average_precision(distances, relevant).item() == pytest.approx((1 + 2 / 3) / 2)
    first = retrieval.found_first(distances, 2)
    assert first.tolist() == [[1, 1, 0, 0]]
    assert retrieval.precision(first, relevant).item() == 0.5


def test_ties_count_as_the_mean_of_all_orders() -> None:
    distances = torch.tensor([[0.0, 1, 1, 1, 2]])
    relevant = torch.tensor([[False, True, False, True, True]])
    precisions, averages = [], []
    for order in permutations((0.0, 0.1, 0.2)):
        broken = distances.clone()
        broken[0, 1:4] += torch.tensor(order)
        precisions.append(retrieval.precision(retrieval.found_first(broken, 2), relevant).item())
        averages.append(retrieval.average_precision(broken, relevant).item())
    found = retrieval.precision(retrieval.found_first(distances, 2), relevant).item()
    assert found == pytest.approx(sum(precisions) / 6)
    assert retrieval.average_precision(distances, relevant).item() == pytest.approx(
        sum(averages) / 6
    )


@pytest.mark.parametrize(("kind", "value"), [("perfect", 1.0), ("constant", 0.3), ("broken", 0.0)])
def test_a_perfect_a_constant_and_a_broken_code(kind: str, value: float) -> None:
    relevant = (torch.arange(10) < 3)[None]
    distances = {
        "perfect": (~relevant).float(),
        "constant": torch.zeros(1, 10),
        "broken": relevant.float(),
    }[kind]
    first = retrieval.found_first(distances, 3)
    assert first.sum().item() == pytest.approx(3)
    assert retrieval.precision(first, relevant).item() == pytest.approx(value)
    if kind == "perfect":
        assert retrieval.average_precision(distances, relevant).item() == 1
    assert not retrieval.average_precision(distances, relevant & False).any()
