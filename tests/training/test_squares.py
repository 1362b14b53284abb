"""Random squares of photographs, a batch at a time."""

from __future__ import annotations

import pytest
import torch

from aeviz.errors import UserError
from aeviz.training.squares import Squares

CPU = torch.device("cpu")


def numbered(n: int = 3, h: int = 40, w: int = 33) -> list[torch.Tensor]:
    """Photographs in which each pixel has its position: row, column and photograph."""
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return [torch.stack([y, x, torch.full_like(y, i)]).to(torch.uint8) for i in range(n)]


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_square_is_a_part_of_a_photograph_turned_or_mirrored() -> None:
    sizes = ((40, 33), (32, 50), (32, 32))
    photos = [numbered(i + 1, h, w)[i] for i, (h, w) in enumerate(sizes)]
    found = (Squares(photos, 32, CPU).draw(60, chance()) * 255).round().long()
    assert found.shape == (60, 3, 32, 32)
    seen = set()
    for square in found:
        (which,) = square[2].unique().tolist()
        top, left = square[0].min().item(), square[1].min().item()
        part = photos[which][:, top : top + 32, left : left + 32].long()
        ways = [turned for k in range(4) for turned in _both(torch.rot90(part, k, (1, 2)))]
        hits = [i for i, way in enumerate(ways) if torch.equal(way, square)]
        assert len(hits) == 1
        seen.add((which, hits[0]))
    assert len({way for _, way in seen}) == 8
    assert len({which for which, _ in seen}) == 3


def _both(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x, x.flip(2)


def test_every_place_may_be_drawn() -> None:
    found = (Squares(numbered(1, 10, 9), 8, CPU).draw(400, chance()) * 255).round().long()
    tops, lefts = (found[:, i].flatten(1).min(1).values for i in (0, 1))
    assert sorted(set(tops.tolist())) == [0, 1, 2]
    assert sorted(set(lefts.tolist())) == [0, 1]


def test_a_photograph_that_is_too_small_is_an_error() -> None:
    with pytest.raises(UserError, match="only 20 pixels"):
        Squares([*numbered(2), *numbered(1, 20, 40)], 32, CPU)
