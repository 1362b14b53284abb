"""Intrinsic dimension of data whose dimension is known."""

from __future__ import annotations

import math

import pytest
import torch

from aeviz.evaluation.intrinsic_dimension import mle, nearest_distances, two_nn


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_a_flat_sheet_in_many_dimensions(dimension: int) -> None:
    generator = torch.Generator().manual_seed(dimension)
    plane = torch.linalg.qr(torch.randn(20, dimension, generator=generator)).Q
    x = torch.rand(1500, dimension, generator=generator) @ plane.T
    assert two_nn(x) == pytest.approx(dimension, rel=0.12)
    assert mle(x) == pytest.approx(dimension, rel=0.12)


def test_two_nn_by_hand() -> None:
    """Points 0, 1, 3 on a line: mu = 3, 2, 3/2. Of three ratios a tenth rounds to none, so
    d = 3 / (ln 3 + ln 2 + ln 1.5) = 3 / ln 9."""
    x = torch.tensor([[0.0], [1.0], [3.0]])
    assert two_nn(x) == pytest.approx(3 / math.log(9))


def test_points_that_occur_twice_are_left_out() -> None:
    x = torch.tensor([[0.0], [1.0], [3.0], [10.0], [10.0]])
    assert math.isfinite(two_nn(x))
    assert math.isfinite(mle(x, 3))


def test_the_nearest_of_all_points() -> None:
    x = torch.rand(1200, 3, generator=torch.Generator().manual_seed(0))
    found = nearest_distances(x, 2)
    distances = torch.cdist(x.double(), x.double()).fill_diagonal_(torch.inf)
    assert torch.allclose(found, distances.sort(1).values[:, :2], atol=1e-6)
