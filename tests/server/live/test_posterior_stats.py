from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

import pytest
import torch
from live_models import loaded
from torch import Tensor, nn

from aeviz.models.checkpoint import Loaded
from aeviz.server.live import gallery
from aeviz.server.live.posterior_stats import nearest_others, round_trip, typical


class Ruler(nn.Module):
    """Decodes z (N, 2) to the grey of one pixel, z0 / 5, and encodes it as (5 x + 1, 0)."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def decode(self, z: Tensor) -> Tensor:
        return (z[:, :1] / 5).reshape(-1, 1, 1, 1)

    def encode(self, x: Tensor) -> Tensor:
        return torch.cat([5 * x.reshape(-1, 1) + 1, torch.zeros(len(x), 1)], 1)


def header(model: Loaded) -> dict[str, Any]:
    packed = gallery.pack("m", model, None)
    (length,) = struct.unpack_from("<I", packed)
    found: dict[str, Any] = json.loads(packed[4 : 4 + length])
    return found


def test_the_nearest_other_code_is_never_the_code_itself() -> None:
    codes = torch.tensor([[0.0, 0], [3, 4], [3, 5], [0, 0]])
    assert nearest_others(codes, torch.tensor([1, 0])).tolist() == [1, 0]


def test_small_distances_far_from_the_origin_are_kept() -> None:
    codes = 1000 + torch.arange(40.0).reshape(40, 1) / 64
    assert nearest_others(codes, torch.arange(40)).tolist() == [1 / 64] * 40


def test_the_round_trip_of_a_ruler_that_adds_one() -> None:
    # z0 = 1 is drawn as 0.2, read as 2, drawn as 0.4; z1 = 3 is read as 0.
    image, code = round_trip(Ruler(), torch.tensor([[1.0, 3], [0, 0]]), [])  # type: ignore[arg-type]
    assert image.tolist() == pytest.approx([0.04, 0.04], rel=1e-5)
    assert code.tolist() == pytest.approx([10**0.5, 1], rel=1e-5)


def test_dimensions_that_carry_nothing_do_not_count() -> None:
    latents = torch.tensor([[0.0, 9], [1, -9], [2, 5], [4, 0]])
    found = typical(Ruler(), latents, [0])  # type: ignore[arg-type]
    assert found is not None
    # Nearest others along z0: 1, 1, 1, 2; the 95th percentile lies 0.85 of the way from 1 to 2.
    assert found["nearest_median"] == 1
    assert found["nearest_p95"] == pytest.approx(1.85)
    assert found["image_p99"] == pytest.approx(0.04, rel=1e-5)
    assert found["code_p99"] == pytest.approx(1, rel=1e-5)


def test_two_codes_are_as_far_apart_as_they_are() -> None:
    latents = torch.tensor([[0.0, 0], [3, 4]])
    found = typical(Ruler(), latents, [])  # type: ignore[arg-type]
    assert found is not None
    assert found["apart"] == found["nearest_median"] == found["nearest_p95"] == 5


def test_the_browser_is_told_what_is_typical() -> None:
    model = loaded(latent_dim=3)
    found = header(model)["typical"]
    assert model.gallery is not None
    assert found == typical(model.model, model.gallery.latents, [0, 1, 2])
    assert all(value > 0 for value in found.values())


@pytest.mark.parametrize("images", [0, 1])
def test_one_code_or_none_has_nothing_typical(images: int) -> None:
    model = loaded(latent_dim=3)
    assert model.gallery is not None
    few = replace(
        model.gallery,
        **{name: getattr(model.gallery, name)[:images] for name in ("latents", "labels", "pca")},
    )
    assert header(replace(model, gallery=few))["typical"] is None
