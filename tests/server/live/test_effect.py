from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from aeviz.server.live.effect import BATCH, effects
from aeviz.server.live.gallery import dimensions


class Linear(nn.Module):
    """Decodes z (N, d) to d pixels, each a dimension times a weight."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights))

    def decode(self, z: Tensor) -> Tensor:
        return (z * self.weights).reshape(len(z), 1, 1, -1)


def active(weights: list[float], latents: Tensor) -> list[bool]:
    model: Any = Linear(weights)
    found = sorted(dimensions(model, latents, None), key=lambda dim: int(dim["index"]))
    return [dim["active"] for dim in found]


def test_a_step_of_one_deviation_changes_its_own_pixel() -> None:
    latents = torch.tensor([[1.0, 10], [-1, -10], [1, 10], [-1, -10]])  # deviations 1 and 10
    model: Any = Linear([0.5, 0.01])
    # (0.5 * 1)^2 and (0.01 * 10)^2, over two pixels.
    assert effects(model, latents).tolist() == pytest.approx([0.125, 0.005])


def test_the_scale_of_a_code_does_not_decide_what_it_carries() -> None:
    latents = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    assert active([1.0, 0.5, 0.001], latents) == [True, True, False]
    small = latents / torch.tensor([20.0, 1, 1])
    assert active([20.0, 0.5, 0.001], small) == [True, True, False]


def test_a_decoder_that_ignores_all_has_no_active_dimension() -> None:
    assert active([0.0, 0.0], torch.randn(4, 2)) == [False, False]


def test_more_dimensions_than_are_decoded_at_a_time() -> None:
    count = BATCH // 3
    latents = torch.stack([torch.arange(3.0)] * count, 1)
    model: Any = Linear([float(j) for j in range(count)])
    expected = [j**2 * (2 / 3) / count for j in range(count)]
    assert effects(model, latents).tolist() == pytest.approx(expected, rel=1e-4)
