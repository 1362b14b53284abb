"""Disentanglement of a perfect, a constant and a broken representation, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from aeviz.evaluation import disentanglement as measure

LABELS = torch.arange(10).repeat(20)
NOISE = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
CONSTANT = torch.full((200, 2), 0.7)


def grid(side: int = 10) -> Tensor:
    """Two independent factors, each of `side` values, every pair once: (side^2, 2)."""
    values = torch.linspace(0, 1, side)
    return torch.cartesian_prod(values, values)


def turned(z: Tensor, degrees: float) -> Tensor:
    turn = math.radians(degrees)
    return z @ torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])


# ---- rank correlation


def test_rank_correlation() -> None:
    factors = torch.stack([LABELS.float(), torch.ones(200)], 1)
    monotone = torch.stack([torch.exp(LABELS.float()), CONSTANT[:, 0], NOISE[:, 0]], 1)
    scores = measure.rank_correlation(monotone, factors)
    assert scores.shape == (3, 2)
    assert scores[0, 0].item() == pytest.approx(1)  # any monotone curve will do
    assert scores[1].tolist() == [0, 0]
    assert scores[2, 0] < 0.3
    assert scores[:, 1].tolist() == [0, 0, 0]


def test_rank_correlation_by_hand() -> None:
    # Ranks 1 2 3 against 1 3 2 give 1 - 6 x 2 / (3 x 8) = 0.5, and the sign is dropped.
    z, factors = torch.tensor([[1.0], [2], [3]]), -torch.tensor([[5.0], [7], [6]])
    assert measure.rank_correlation(z, factors).item() == pytest.approx(0.5)


# ---- mutual information


def shares(z: Tensor, factor: Tensor) -> list[float]:
    return measure.mutual_information_shares(z, factor.float()[:, None])[:, 0].tolist()


def test_a_code_that_tells_the_class_and_one_that_does_not() -> None:
    perfect = torch.stack([LABELS.float(), -LABELS.float()], 1)
    assert shares(perfect, LABELS) == pytest.approx([1, 1])
    assert shares(CONSTANT, LABELS) == [0, 0]
    assert shares(perfect, torch.ones(200)) == [0, 0]


def test_odd_and_even_of_four_classes_are_one_bit_of_two() -> None:
    labels = torch.arange(4).repeat(5)
    assert shares((labels % 2).float()[:, None], labels) == pytest.approx([0.5])


def test_the_last_bin_holds_its_upper_end() -> None:
    # 20 bins over 0..1: 0.96 and 1 share the last one, so classes 0 and 1 cannot be separated.
    z = torch.tensor([[0.0], [0.0], [0.96], [1.0]])
    assert shares(z, torch.tensor([0, 1, 0, 1])) == pytest.approx([0], abs=1e-12)


def test_a_code_that_has_the_same_values_for_each_class_says_nothing() -> None:
    z = torch.arange(5.0).repeat_interleave(4)[:, None]
    assert shares(z, torch.arange(4).repeat(5)) == pytest.approx([0], abs=1e-12)


def test_a_category_may_have_any_numbers() -> None:
    """Values 0, 1 and 100 are three classes, not two bins of twenty."""
    factor = torch.tensor([0.0, 1.0, 100.0]).repeat(10)
    assert shares(torch.arange(3.0).repeat(10)[:, None], factor) == pytest.approx([1])


def test_bins_are_those_of_disentanglement_lib() -> None:
    """Its `_histogram_discretize`, written out, on a factor that is continuous as well."""
    generator = torch.Generator().manual_seed(0)
    v = torch.rand(3000, 1, generator=generator, dtype=torch.float64)
    z = v + 0.2 * torch.randn(3000, 1, generator=generator, dtype=torch.float64)

    def theirs(column: np.ndarray) -> np.ndarray:
        return np.digitize(column, np.histogram(column, 20)[1][:-1])

    joint = np.histogram2d(theirs(z[:, 0].numpy()), theirs(v[:, 0].numpy()), bins=20)[0] / 3000
    outer = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    information = (joint[joint > 0] * np.log(joint[joint > 0] / outer[joint > 0])).sum()
    p = joint.sum(0)
    expected = information / -(p * np.log(p)).sum()
    assert 0.1 < expected < 0.6
    assert measure.mutual_information_shares(z, v).item() == pytest.approx(expected, rel=1e-6)


# ---- MIG


def test_the_gap_is_the_best_share_less_the_next() -> None:
    table = torch.tensor([[0.9, 0.1], [0.2, 0.1], [0.5, 0.4]], dtype=torch.float64)
    assert measure.gaps(table).tolist() == pytest.approx([0.4, 0.3])
    assert measure.gaps(table[:1]).tolist() == pytest.approx([0.9, 0.1])  # nothing comes next


def test_mig_of_a_perfect_representation() -> None:
    factors = grid()
    swapped = torch.stack([-2 * factors[:, 1], factors[:, 0].exp(), torch.zeros(100)], 1)
    assert measure.mig(swapped, factors) == pytest.approx(1)


def test_mig_of_a_constant_representation() -> None:
    assert measure.mig(torch.full((100, 3), 0.7), grid()) == 0


def test_mig_of_a_representation_turned_by_45_degrees() -> None:
    """No information is lost, but each factor is equally in both dimensions."""
    factors = grid()
    assert measure.mig(turned(factors, 45), factors) == pytest.approx(0, abs=0.02)
    assert 0.2 < measure.mig(turned(factors, 10), factors) < 0.95


def test_mig_does_not_reward_a_factor_that_is_held_twice() -> None:
    factors = grid()
    twice = torch.cat([factors, factors[:, :1]], 1)
    assert measure.mig(twice, factors) == pytest.approx(0.5)


# ---- which dimension follows which factor


def test_each_factor_finds_its_dimension() -> None:
    factors = grid()
    z = torch.stack([torch.zeros(100), -factors[:, 1], factors[:, 0]], 1)
    found = measure.followers(z, factors, ("a", "b"))
    assert found["a"]["dimension"] == 2
    assert found["b"]["dimension"] == 1
    for row in found.values():
        assert row["score"] == pytest.approx(1)
        assert row["next_score"] == pytest.approx(0, abs=1e-9)
        assert row["mig"] == pytest.approx(1)


def test_a_category_is_measured_by_its_information() -> None:
    """A code that separates three classes, in an order without rank correlation."""
    label = torch.tensor([0.0, 1.0, 2.0, 1.0]).repeat(25)
    z = torch.tensor([0.0, 2.0, 0.5, 2.0]).repeat(25)[:, None]
    as_number = measure.followers(z, label[:, None], ("shape",))["shape"]["score"]
    as_class = measure.followers(z, label[:, None], ("shape",), ("shape",))["shape"]["score"]
    assert as_number < 0.5
    assert as_class == pytest.approx(1)


def test_a_single_dimension_has_no_next_one() -> None:
    row = measure.followers(grid()[:, :1], grid(), ("a", "b"))["a"]
    assert (row["dimension"], row["score"]) == (0, pytest.approx(1))
    assert "next" not in row
