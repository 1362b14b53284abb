"""Transform coding: sensitivity by hand, a linear decoder against PCA, rates and values."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from aeviz.evaluation.transform_coding import (
    at_rates,
    fit_quantizer,
    fit_transform,
    sensitivity,
)


def codes(count: int, seed: int = 0) -> Tensor:
    spread = torch.tensor([4.0, 1.0, 0.5, 0.1])
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(seed)) * spread


def test_sensitivity_of_a_linear_decoder_is_its_gram_matrix() -> None:
    w = torch.randn(4, 9, generator=torch.Generator().manual_seed(1))
    found = sensitivity(lambda z: z @ w + 3, codes(50))
    assert torch.allclose(found, (w @ w.T).double(), rtol=1e-3, atol=1e-3)


def test_sensitivity_of_a_curved_decoder_is_a_mean() -> None:
    z = torch.tensor([[1.0], [2.0], [4.0]])
    found = sensitivity(lambda z: z**2, z)  # J = 2 z
    assert found.item() == pytest.approx(4 * (1 + 4 + 16) / 3, rel=1e-3)


def test_the_transform_is_inverted_and_its_errors_are_those_of_the_image() -> None:
    w = torch.randn(4, 9, generator=torch.Generator().manual_seed(1))
    z = codes(300)
    transform = fit_transform(z, (w @ w.T).double())
    y = transform(z)
    assert torch.allclose(transform.inverse(y), z, atol=1e-4)
    covariance = y.T @ y
    assert (covariance - covariance.diag().diag()).abs().max() < 1e-6 * covariance.max()
    other = y + 0.1 * torch.randn(y.shape, generator=torch.Generator().manual_seed(2)).double()
    moved = ((transform.inverse(other) - z) @ w).square().sum(1)
    assert torch.allclose(moved.double(), (other - y).square().sum(1), rtol=1e-3, atol=1e-5)


def error(z: Tensor, w: Tensor, rate: float) -> float:
    """Error of the images z @ w if their codes have this many bits."""
    transform = fit_transform(z, sensitivity(lambda z: z @ w, z[:20]))
    y = transform(z)
    (one,) = at_rates(y, y, (rate,))
    symbols = one.symbols(y)
    assert one.bits(symbols) <= rate
    back = transform.inverse(one.decoded(symbols))
    return ((back - z) @ w).square().mean().item()


def test_a_mixed_code_of_the_same_images_costs_the_same() -> None:
    """Whatever the scale and the rotation of a linear code, the coder finds PCA's own."""
    z = codes(2000)
    w = torch.linalg.qr(torch.randn(9, 4, generator=torch.Generator().manual_seed(1)))[0].T
    mix = torch.randn(4, 4, generator=torch.Generator().manual_seed(3))
    for rate in (4.0, 10.0):
        plain = error(z, w, rate)
        assert error(z @ mix, torch.linalg.inv(mix) @ w, rate) == pytest.approx(plain, rel=0.05)


def test_more_bits_less_error_and_six_decibels_per_bit() -> None:
    y = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0)).double()
    errors = []
    for one in at_rates(y, y, (3.0, 4.0, 5.0)):
        errors.append((one.decoded(one.symbols(y)) - y).square().mean().item())
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(4, rel=0.2)
    # high-rate theory of entropy-coded uniform steps: (2 pi e / 12) 2^(-2 R)
    assert errors[0] == pytest.approx(2 * np.pi * np.e / 12 * 2.0**-6, rel=0.15)


def test_cells_are_decoded_to_their_mean_and_empty_ones_to_their_middle() -> None:
    y = torch.tensor([[0.1], [0.3], [2.2]]).double()
    one = fit_quantizer(y, 1.0)
    assert one.symbols(torch.tensor([[-7.0], [1.1], [9.0]]).double()).tolist() == [[0], [1], [2]]
    values = one.decoded(np.array([[0], [1], [2]])).flatten().tolist()
    assert values == pytest.approx([0.2, 1.0, 2.2])
    assert one.table_numbers == 6


def test_a_constant_code_takes_no_bits() -> None:
    y = torch.zeros(10, 2).double()
    one = fit_quantizer(y, 0.5)
    assert one.bits(one.symbols(y)) == 0


def test_a_direction_that_the_decoder_ignores_is_left_out() -> None:
    w = torch.zeros(4, 9)
    w[0] = 1
    z = codes(100)
    assert fit_transform(z, sensitivity(lambda z: z @ w, z))(z).shape == (100, 1)
