"""Maps of codes as pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aeviz.experiments import maps
from aeviz.images import decode
from aeviz.images.class_colours import CLASS_COLOURS


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(decode(png).pixels)


def places(png: bytes, label: int) -> np.ndarray:
    """Mean place of a class's colour, right and down, in pixels."""
    want = [int(CLASS_COLOURS[label][i : i + 2], 16) for i in (1, 3, 5)]
    found = (pixels(png)[:, :, :3] == want).all(2)
    assert found.sum() == 4
    return np.argwhere(found).mean(0)[::-1]


def test_each_code_is_a_dot_in_its_place_and_colour() -> None:
    png = maps.scatter(torch.tensor([[3.0, 3.0], [-3.0, 0.0]]), torch.tensor([1, 12]))
    half = maps.NARROWEST
    for label, (x, y) in ((1, (3, 3)), (2, (-3, 0))):
        want = ((x / half + 1) / 2 * maps.SIDE, (1 - y / half) / 2 * maps.SIDE)
        assert places(png, label) == pytest.approx(want, abs=2)


def test_a_wide_code_widens_the_map_and_a_narrow_one_does_not() -> None:
    assert maps.half_width(torch.full((100, 2), 0.1)) == maps.NARROWEST
    assert maps.half_width(torch.full((100, 2), 20.0)) == pytest.approx(21)
    wild = torch.cat([torch.ones(999, 2), torch.full((1, 2), 1e6)])
    assert maps.half_width(wild) == maps.NARROWEST
    assert maps.scatter(wild, torch.zeros(1000, dtype=torch.long)).startswith(b"\x89PNG")


def test_the_plane_is_read_like_a_page() -> None:
    assert maps.plane(2, 1.0).tolist() == [[-1, 1], [1, 1], [-1, -1], [1, -1]]
