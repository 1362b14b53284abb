"""Windows over a large picture, and the picture back from them."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aeviz.restoration.tiles import FEATHER, Box, Grid, mosaic, spans


@given(st.integers(1, 9000), st.integers(48, 100), st.integers(0, 12))
def test_spans_cover_a_length_evenly(length: int, side: int, overlap: int) -> None:
    found = spans(length, side * 8, overlap * 8, 8)
    [size] = {end - start for start, end in found}
    assert size <= side * 8
    assert found[0][0] == 0
    assert length <= found[-1][1] < length + 8
    assert all(start % 8 == 0 == end % 8 for start, end in found)
    for (a, a_end), (b, _) in pairwise(found):
        assert overlap * 8 <= a_end - b <= overlap * 8 + 16 + 8 * len(found)
        assert a < b


@pytest.mark.parametrize(("side", "overlap"), [(300, 64), (256, 60), (256, 72)])
def test_windows_that_cannot_be_are_a_mistake(side: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="cannot overlap"):
        spans(1000, side, overlap, 8)


def put_together(grid: Grid, whole: Tensor, batch: int) -> tuple[Tensor, list[Box]]:
    """`whole` (C, H, W) cut into windows and reassembled by `mosaic`."""
    padded = torch.nn.functional.pad(whole, (0, 8, 0, 8))

    def compute(boxes: list[Box]) -> Tensor:
        assert 1 <= len(boxes) <= batch
        return torch.stack([padded[:, b.top : b.bottom, b.left : b.right] for b in boxes])

    out, boxes = torch.full_like(whole, torch.nan), []
    for box, part in mosaic(grid, compute, batch):
        target = out[:, box.top : box.bottom, box.left : box.right]
        assert target.isnan().all()
        target.copy_(part)
        boxes.append(box)
    return out, boxes


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize("size", [(1, 1), (100, 1000), (1000, 100), (777, 1003)])
def test_each_pixel_comes_back_once_and_unchanged(size: tuple[int, int], batch: int) -> None:
    whole = torch.rand(2, *size)
    grid = Grid(*size, 256, 64, 8)
    out, boxes = put_together(grid, whole, batch)
    assert torch.equal(out, whole)
    assert len(boxes) == len(grid)
    assert boxes == sorted(boxes, key=lambda box: (box.top, box.left))


@pytest.mark.parametrize("size", [(200, 900), (900, 200), (600, 600)])
def test_one_window_fades_into_the_next(size: tuple[int, int]) -> None:
    """Windows of alternating 0 and 1: no step is larger than the fade allows."""
    grid = Grid(*size, 256, 64, 8)
    asked: list[Box] = []

    def compute(boxes: list[Box]) -> Tensor:
        asked.extend(boxes)
        [box] = boxes
        number = grid.rows.index((box.top, box.bottom)) + grid.columns.index((box.left, box.right))
        return torch.full((1, 1, box.bottom - box.top, box.right - box.left), float(number % 2))

    out = torch.full(size, torch.nan)
    for box, part in mosaic(grid, compute):
        out[box.top : box.bottom, box.left : box.right] = part[0]
    assert len(asked) == len(grid)
    assert (out.min(), out.max()) == (0, 1)
    assert max(out.diff(dim=0).abs().max(), out.diff(dim=1).abs().max()) < 1.01 / FEATHER


def test_a_windows_edge_is_never_seen() -> None:
    """The outermost (overlap - FEATHER) / 2 pixels of a window do not count where windows meet."""
    grid, margin = Grid(500, 500, 256, 64, 8), (64 - FEATHER) // 2

    def compute(boxes: list[Box]) -> Tensor:
        [box] = boxes
        window = torch.ones(1, 1, box.bottom - box.top, box.right - box.left)
        window[..., : margin if box.top else 0, :] = torch.inf
        window[..., -margin if box.bottom < 500 else 504 :, :] = torch.inf
        window[..., :, : margin if box.left else 0] = torch.inf
        window[..., :, -margin if box.right < 500 else 504 :] = torch.inf
        return window.nan_to_num(posinf=1e30)

    assert all((part == 1).all() for _, part in mosaic(grid, compute))
