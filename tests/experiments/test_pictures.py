"""Pictures of a result."""

from __future__ import annotations

import torch

from aeviz.experiments.pictures import HEAT, heat


def test_a_heatmap_has_one_scale_and_grows_lighter() -> None:
    values = torch.tensor([0.0, 1, 2, 3, 4, 9]).reshape(1, 1, 2, 3)
    found = heat(values, top=4.0)
    assert found.shape == (1, 3, 2, 3)
    expected = torch.tensor([*HEAT, HEAT[-1]]).T.reshape(1, 3, 2, 3)
    assert torch.allclose(found, expected)
    assert (found.mean(1).flatten().diff() >= 0).all()
    assert torch.allclose(
        heat(values[..., :1, 1:2] / 2, 4.0).flatten(), expected[0, :, 0, :2].mean(1)
    )
