"""Precision, recall, density and coverage: perfect, constant and broken samples, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from aeviz.evaluation.sample_quality import quality


def cloud(seed: int, count: int = 300, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(seed)) + shift


def test_samples_of_the_same_kind_are_good_in_all_four() -> None:
    found = quality(cloud(0), cloud(1))
    assert min(found.precision, found.recall, found.coverage) > 0.85
    assert found.density == pytest.approx(1, abs=0.15)


def test_a_constant_sample_is_precise_and_covers_nothing() -> None:
    found = quality(cloud(0), torch.zeros(300, 4))
    assert found.precision == 1
    assert found.recall == 0  # its balls have no radius
    assert found.coverage < 0.2


def test_samples_elsewhere_are_bad_in_all_four() -> None:
    assert quality(cloud(0), cloud(1, shift=50)) == (0, 0, 0, 0)


def test_half_of_the_kind_is_precise_but_covers_half() -> None:
    real = torch.cat([cloud(0, 150), cloud(1, 150, shift=30)])
    found = quality(real, cloud(2, 300))
    assert found.precision > 0.85
    assert found.coverage == pytest.approx(0.5, abs=0.06)


def test_by_hand_on_a_line() -> None:
    real = torch.tensor([[0.0], [1.0], [3.0]])  # balls of radius 1, 1 and 2
    samples = torch.tensor([[0.5], [2.5], [9.0]])  # of radius 2, 2 and 6.5
    found = quality(real, samples, k=1)
    assert found.precision == pytest.approx(2 / 3)
    assert found.density == pytest.approx((2 + 1 + 0) / 3)
    assert found.coverage == 1
    assert found.recall == 1


def test_as_with_another_search_for_neighbours() -> None:
    real, samples = cloud(3, 120).numpy(), cloud(4, 90, shift=0.7).numpy()
    radii = NearestNeighbors(n_neighbors=6).fit(real).kneighbors(real)[0][:, -1]
    apart = np.linalg.norm(real[:, None] - samples, axis=2)
    inside = apart < radii[:, None]
    found = quality(torch.from_numpy(real), torch.from_numpy(samples))
    assert found.precision == pytest.approx(inside.any(0).mean())
    assert found.density == pytest.approx(inside.sum(0).mean() / 5)
    assert found.coverage == pytest.approx(inside.any(1).mean())
