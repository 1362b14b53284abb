"""Regularity of a latent space, against values computed by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from aeviz.latent.regularity import gap_share, lines, log_volumes, smoothness, whitening


def normal(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))


def test_whitened_codes_have_unit_covariance() -> None:
    z = normal(500) @ torch.tensor([[3.0, 1.0], [0.0, 0.2]]) + 7
    mean, W = whitening(z)
    white = (z - mean) @ W
    assert torch.allclose(white.T @ white / 500, torch.eye(2), atol=1e-3)


def test_a_dead_dimension_stays_at_zero() -> None:
    z = torch.cat([normal(100)[:, :1], torch.ones(100, 1)], 1)
    mean, W = whitening(z)
    assert torch.isfinite(W).all()
    assert ((z - mean) @ W)[:, 1].abs().max() < 1e-5


def test_samples_among_codes_fall_into_no_gap_and_far_ones_do() -> None:
    codes = normal(1000)
    assert gap_share(codes, normal(500, 1)) < 0.05
    assert gap_share(codes, codes[:50]) == 0
    assert gap_share(codes, normal(500, 1) + 20) == 1
    rings = torch.cat([codes * 0.05 + 3, codes * 0.05 - 3])
    assert gap_share(rings, 3 * normal(500, 2)) > 0.8


def test_gaps_do_not_depend_on_the_scale_of_the_codes() -> None:
    codes, samples = normal(800), normal(300, 3) * 1.5
    stretch = torch.tensor([[100.0, 0.0], [5.0, 0.01]])
    assert gap_share(codes @ stretch, samples @ stretch) == pytest.approx(
        gap_share(codes, samples), abs=0.01
    )


def test_lines_are_straight_and_even() -> None:
    (path,) = lines(torch.zeros(1, 2), torch.tensor([[3.0, 6.0]]), 4)
    assert torch.allclose(path, torch.tensor([[0.0, 0], [1, 2], [2, 4], [3, 6]]))


def test_smoothness_by_hand() -> None:
    even = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    jump = torch.tensor([[0.0], [0.0], [5.0], [5.0]])
    still = torch.ones(4, 1)
    found = smoothness(torch.stack([even, jump, still]))
    assert found.tolist() == pytest.approx([0, 1 - 1 / 3, 0])


def test_volumes_of_a_linear_decoder_are_its_determinant() -> None:
    A = torch.tensor([[2.0, 0.0], [0.0, 5.0], [0.0, 0.0]])
    found = log_volumes(lambda z: z @ A.T, normal(40))
    assert torch.allclose(found, torch.full((40,), 1.0, dtype=torch.float64))


def test_volumes_of_a_bent_decoder_follow_its_slope() -> None:
    z = torch.tensor([[0.0], [1.0]])
    found = log_volumes(lambda z: torch.cat([z, z**2], 1), z)
    assert found.tolist() == pytest.approx([0, math.log10(math.sqrt(5))])
