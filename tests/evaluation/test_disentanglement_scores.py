"""SAP, DCI, FactorVAE score and modularity of a perfect, a constant and a rotated representation,
and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from aeviz.evaluation import disentanglement_scores as scores

GENERATOR = torch.Generator().manual_seed(0)
FACTORS = torch.cat(
    [
        torch.randint(3, (1200, 1), generator=GENERATOR).float(),  # a category
        torch.rand(1200, 3, generator=GENERATOR) * torch.tensor([1.0, 90.0, 2.0]),
    ],
    1,
)
CATEGORIES = (0,)
SCALED = (FACTORS - FACTORS.mean(0)) / FACTORS.std(0)
PERFECT = torch.cat([-SCALED[:, [2, 0]], 3 * SCALED[:, [3, 1]], torch.zeros(1200, 1)], 1)
"""Each factor in a dimension of its own, in another order and scale, and one that is unused."""
CONSTANT = torch.full((1200, 5), 0.7)
NOISE = torch.randn(1200, 4, generator=GENERATOR)


def rotated() -> Tensor:
    """Every dimension holds the same share of every factor: a Hadamard matrix."""
    half = torch.tensor([[1.0, 1], [1, -1]])
    return SCALED @ torch.kron(half, half) / 2


ALL: dict[str, Callable[[Tensor], float]] = {
    "sap": lambda z: scores.sap(z, FACTORS, CATEGORIES),
    "disentanglement": lambda z: scores.dci(z, FACTORS, CATEGORIES).disentanglement,
    "completeness": lambda z: scores.dci(z, FACTORS, CATEGORIES).completeness,
    "informativeness": lambda z: scores.dci(z, FACTORS, CATEGORIES).informativeness,
    "factor-vae": lambda z: scores.factor_vae_score(z, FACTORS),
    "modularity": lambda z: scores.modularity(z, FACTORS),
}


@pytest.mark.parametrize(
    ("name", "perfect", "constant", "rotation"),
    [
        # the perfect SAP is below 1: chance correlations of the next best dimension, and a line
        # cannot separate three categories one against the rest
        ("sap", 0.85, 0.0, 0.1),
        ("disentanglement", 0.95, 0.0, 0.35),
        ("completeness", 0.95, 0.0, 0.35),
        ("informativeness", 0.97, 0.0, 0.9),
        ("factor-vae", 1.0, 0.25, 0.6),
        ("modularity", 0.97, 0.0, 0.75),
    ],
)
def test_a_perfect_a_constant_and_a_rotated_representation(
    name: str, perfect: float, constant: float, rotation: float
) -> None:
    score = ALL[name]
    assert perfect <= score(PERFECT) <= 1
    assert score(CONSTANT) == constant
    assert constant < score(rotated()) < rotation


@pytest.mark.parametrize("name", ["sap", "informativeness"])
def test_noise_predicts_nothing(name: str) -> None:
    assert ALL[name](NOISE) < 0.06


def test_order_and_sign_of_the_dimensions_do_not_matter() -> None:
    other = -PERFECT.flip(1)
    for name in ("sap", "modularity", "factor-vae"):
        assert ALL[name](other) == pytest.approx(ALL[name](PERFECT), abs=0.01)


def test_sap_by_hand() -> None:
    v = torch.tensor([0.0, 1, 2, 3] * 10)[:, None]
    z = torch.stack([v[:, 0], torch.tensor([0.0, 1, 0, 1] * 10)], 1)
    # r^2 of 0 1 2 3 with 0 1 0 1: cov = 0.25, variances 1.25 and 0.25
    assert scores.sap(z, v) == pytest.approx(1 - 0.25**2 / (1.25 * 0.25))
    assert scores.sap(z[:, :1], v) == pytest.approx(1)  # nothing comes next


def test_sap_of_a_category_is_the_way_from_a_guess_to_all_right() -> None:
    category = torch.randint(2, (400, 1), generator=torch.Generator().manual_seed(1)).float()
    assert scores.sap(category, category, (0,)) == pytest.approx(1)
    assert scores.sap(torch.zeros(400, 1), category, (0,)) == 0


def test_concentrations_by_hand() -> None:
    assert scores.concentrations(np.eye(3)) == pytest.approx((1, 1))
    assert scores.concentrations(np.ones((3, 3))) == pytest.approx((0, 0))
    assert scores.concentrations(np.zeros((3, 2))) == (0, 0)
    # Two dimensions with all of one factor: each serves one factor, the factor is served by two.
    table = np.array([[1.0, 0], [1, 0], [0, 2], [0, 0]])
    assert scores.concentrations(table) == pytest.approx((1, (0.5 + 1) / 2))
    # Row (3, 1) of base 2: 1 - H(1/4) / log 2, weight 4 of 5; row (0, 1) is pure, weight 1 of 5.
    h = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(2)
    found = scores.concentrations(np.array([[3.0, 1], [0, 1]]))[0]
    assert found == pytest.approx(0.8 * (1 - h) + 0.2)


def test_one_factor_or_one_dimension_is_never_mixed() -> None:
    found = scores.dci(PERFECT, FACTORS[:, 2:3])
    assert found.disentanglement == pytest.approx(1)
    assert found.completeness > 0.95
    assert scores.dci(PERFECT[:, :1], FACTORS, CATEGORIES).completeness == pytest.approx(1)
    assert scores.modularity(PERFECT, FACTORS[:, 2:3]) == 1


def test_a_constant_factor_is_predicted_by_nothing() -> None:
    factors = torch.cat([FACTORS[:, 1:], torch.ones(1200, 1)], 1)
    assert scores.dci(PERFECT, factors).informativeness == pytest.approx(0.75, abs=0.02)
    assert 0 < scores.sap(PERFECT, factors) < 0.76


def test_modularity_by_hand() -> None:
    """Bits: the first dimension holds both of two binary factors, the second one of them."""
    factors = torch.cartesian_prod(torch.arange(2.0), torch.arange(2.0)).repeat(5, 1)
    both = factors[:, 0] * 2 + factors[:, 1]
    z = torch.stack([both, factors[:, 1], torch.zeros(20)], 1)
    # log 2 with both factors: 1 - 1 / 1; log 2 with one: 1; the constant is left out
    assert scores.modularity(z, factors) == pytest.approx(0.5)


def test_the_factor_vae_score_counts_votes() -> None:
    """Two factors in one dimension, and nothing in another but noise: the vote of either factor is
    for the first dimension, so one of them is always wrong."""
    factors = FACTORS[:, 1:3] / torch.tensor([1.0, 90.0])
    one = torch.cat([factors.mean(1, keepdim=True) * 10, NOISE[:, :1]], 1)
    assert 0.3 < scores.factor_vae_score(one, factors) < 0.8
    assert scores.factor_vae_score(factors * 10, factors) == 1


def test_a_dimension_that_hardly_moves_does_not_vote() -> None:
    """It would vary least by its noise alone, after scaling it would not."""
    factors = FACTORS[:, 1:3] / torch.tensor([1.0, 90.0])
    quiet = torch.cat([factors * 10, 0.05 * factors[:, :1]], 1)
    assert scores.factor_vae_score(quiet, factors) == 1
    assert scores.factor_vae_score(0.05 * factors, factors) == 0.5


def test_groups_share_a_value() -> None:
    random = np.random.default_rng(0)
    column = FACTORS[:, 0].double().numpy()
    order = scores._shuffled_order(column, random)
    for _ in range(5):
        rows = scores._alike(order, column, 64, random)
        assert len(set(rows.tolist())) == 64
        assert len(set(column[rows])) == 1
    column = FACTORS[:, 1].double().numpy()
    order = scores._shuffled_order(column, random)
    for _ in range(5):
        rows = scores._alike(order, column, 64, random)
        assert len(set(rows.tolist())) == 64
        assert np.ptp(column[rows]) < 0.12
