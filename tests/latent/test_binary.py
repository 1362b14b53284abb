"""Binary codes by hand; iterative quantisation finds known codes and beats chance."""

from __future__ import annotations

import pytest
import torch

from aeviz.latent import binary


def test_each_median_bit_is_on_for_half_of_the_images() -> None:
    z = torch.rand(101, 5, generator=torch.Generator().manual_seed(0)) ** 3
    assert binary.median_bits(z, z).sum(0).tolist() == [50] * 5


def test_distances_count_bits() -> None:
    a = torch.tensor([[True, False, True]])
    b = torch.tensor([[True, False, True], [False, True, False], [True, True, True]])
    assert binary.hamming(a, b).tolist() == [[0, 3, 1]]


def test_a_turned_cube_is_turned_back() -> None:
    """Codes on the corners of a rotated cube: their bits are the corners, up to order and sign."""
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 2, (400, 2), generator=generator).double() * 2 - 1
    angle = torch.tensor(0.6)
    turn = torch.tensor(
        [[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]], dtype=torch.float64
    )
    z = (corners @ turn).float()
    bits = binary.itq_bits(z, z)
    same = binary.hamming(bits, bits) == 0
    assert torch.equal(same, torch.cdist(corners, corners) == 0)


def test_the_rotation_is_one_and_brings_codes_closer_to_the_corners() -> None:
    z = torch.randn(300, 6, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 7)
    r = binary.itq_rotation(z)
    assert torch.allclose(r @ r.T, torch.eye(6, dtype=torch.float64), atol=1e-9)

    def loss(rotation: torch.Tensor) -> float:
        turned = (z - z.mean(0)).double() @ rotation
        return (turned - binary.signs(turned)).square().sum().item()

    assert loss(r) < loss(torch.eye(6, dtype=torch.float64))
    start = torch.linalg.qr(
        torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ).Q
    assert loss(r) < loss(start) * 0.99
    assert binary.signs(torch.tensor([0.0, -1, 2])).tolist() == pytest.approx([-1, -1, 1])
