"""Removing a semi-transparent mark whose matte is known from a photograph."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.restoration.watermark.estimate import find, find_mark, unblended
from aeviz.restoration.watermark.unblend import Mark, remove, settle


def photograph(height: int = 96, width: int = 120) -> Tensor:
    """Smooth patches of colour that differ widely, with a little texture: (3, H, W)."""
    chance = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 7, 9, generator=chance)
    x = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)[0]
    return (x + 0.01 * torch.randn(x.shape, generator=chance)).clamp(0, 1)


def stripes(height: int = 96, width: int = 120) -> Tensor:
    """Bars twelve pixels wide whose edges are half covered: (1, H, W)."""
    place = torch.arange(width) % 24
    row = ((place > 5) & (place < 18)).float() + 0.5 * ((place == 5) | (place == 18)).float()
    return row.expand(1, height, width).clone()


def marked(x: Tensor, matte: Tensor, opacity: float, ink: Tensor) -> Tensor:
    return x + opacity * matte * (ink.view(3, 1, 1) - x)


def widened(matte: Tensor) -> Tensor:
    """By one pixel, and as often as there are channels."""
    return F.max_pool2d(matte[None], 3, 1, 1)[0].expand(3, -1, -1)


INKS = {"white": (1.0, 1.0, 1.0), "black": (0.0, 0.0, 0.0), "orange": (0.9, 0.5, 0.1)}


@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("opacity", [0.3, 0.5, 0.7])
def test_opacity_and_ink_are_found_and_the_photograph_comes_back(opacity: float, ink: str) -> None:
    x, matte, c = photograph(), stripes(), torch.tensor(INKS[ink])
    y = marked(x, matte, opacity, c)
    mark = find_mark(y, matte)
    assert mark is not None
    assert mark.opacity == pytest.approx(opacity, abs=0.08)
    assert torch.allclose(mark.ink.flatten(), c, atol=0.15)
    x_hat = unblended(y[None], matte[None])[0]
    touched = matte.expand_as(x) > 0
    before, after = ((part - x)[touched].square().mean().log10() * -10 for part in (y, x_hat))
    assert after > before + 8
    far = ~touched & (widened(matte) == 0)
    assert torch.equal(x_hat[far], y[far])


def test_with_the_true_mark_nothing_is_lost() -> None:
    x, matte = photograph(), (stripes() > 0.6).float()
    mark = Mark(0.6, torch.tensor([0.9, 0.5, 0.1]).view(3, 1, 1))
    x_hat = remove(marked(x, matte, *mark), matte, mark)
    at_an_edge = (widened(matte) + widened(1 - matte) > 1).expand_as(x)
    assert torch.allclose(x_hat[~at_an_edge], x[~at_an_edge], atol=1e-5)
    assert (x_hat - x).abs().max() < 0.1


def test_pixels_that_are_half_covered_are_read_off_themselves() -> None:
    x, matte = torch.full((3, 96, 120), 0.3), stripes()
    mark = Mark(0.6, torch.ones(3, 1, 1))
    assert torch.allclose(remove(marked(x, matte, *mark), matte, mark), x, atol=1e-5)


def test_where_no_mark_is_nothing_is_changed() -> None:
    x = photograph()
    assert find_mark(x, torch.zeros(1, 96, 120)) is None
    assert torch.equal(unblended(x[None], torch.zeros(1, 1, 96, 120))[0], x)


def test_all_covered_or_a_few_pixels_tell_nothing() -> None:
    x, one = photograph(), torch.zeros(1, 96, 120)
    one[0, 40, 40] = 1
    for matte in (torch.ones(1, 96, 120), one):
        assert find_mark(marked(x, matte, 0.5, torch.ones(3)), matte) is None


def test_a_photograph_smaller_than_the_squares_is_left() -> None:
    x = photograph()[:, :3, :2]
    assert torch.equal(unblended(x[None], torch.ones(1, 1, 3, 2))[0], x)


def test_doubtful_pixels_are_settled_by_the_edges_that_would_be_left() -> None:
    """The network is barely above zero; the jumps of colour decide."""
    x, matte = photograph(), (stripes() > 0.6).float()
    mark = Mark(0.5, torch.ones(3, 1, 1))
    y = marked(x, matte, *mark)
    doubtful = 0.22 + 0.1 * matte  # all of it below one half, even with the prior
    assert (torch.sigmoid(torch.logit(doubtful) + 1) > 0.5).sum() < 0.6 * matte.numel()
    right = ((settle(y, doubtful, mark) > 0.5) == (matte > 0.5)).float().mean()
    assert right > 0.9


def test_no_photograph_is_darker_than_black() -> None:
    """A pixel too dark to be under a white mark of one half is not under it, whatever the matte."""
    y = torch.full((3, 40, 40), 0.7)
    y[:, 10:20, 10:20] = 0.2
    settled = settle(y, torch.full((1, 40, 40), 0.95), Mark(0.5, torch.ones(3, 1, 1)))
    assert settled[0, 12:18, 12:18].max() < 0.05
    assert settled[0, 25:, 25:].min() > 0.95


def test_what_the_network_drew_beside_the_mark_is_outvoted() -> None:
    """Blobs as bright as the mark's bars, and together larger, which no one ink explains."""
    x, matte = photograph(), stripes()
    matte[:, 60:] = 0
    chance = torch.Generator().manual_seed(1)
    for i in range(5):
        blob = (slice(None), slice(66, 92), slice(4 + 24 * i, 18 + 24 * i))
        x[blob] = torch.rand(3, 1, 1, generator=chance)
    y = marked(x, matte, 0.5, torch.ones(3))
    drawn = matte.clone()
    drawn[:, 66:92] = stripes()[:, 66:92]
    settled, mark = find(y, drawn)
    assert mark is not None
    assert mark.opacity == pytest.approx(0.5, abs=0.1)
    assert mark.ink.min() > 0.85
    assert settled[0, 10:50].round().mean() == pytest.approx(0.5, abs=0.1)
    assert settled[0, 64:].mean() < 0.2


def test_a_mark_of_which_the_network_is_unsure_is_found() -> None:
    x, matte = 0.3 + 0.4 * photograph(), stripes()
    y = marked(x, matte, 0.5, torch.ones(3))
    settled, mark = find(y, 0.05 + 0.3 * matte)
    assert mark is not None
    assert mark.opacity == pytest.approx(0.5, abs=0.1)
    assert ((settled > 0.5) == (matte > 0.5)).float().mean() > 0.9


def test_what_the_network_is_less_sure_of_and_fits_less_is_no_part_of_the_mark() -> None:
    """Rims of petals, which fade into the petal on one side: a white mark explains half of them."""
    x, matte = 0.3 + 0.4 * photograph(), stripes()
    matte[:, :, 60:] = 0
    rims = torch.zeros_like(matte)
    for i in range(6):
        rims[:, 6 + 14 * i : 12 + 14 * i, 70:118] = 1
    fading = ((torch.arange(96) - 6) % 14).clamp(max=5).view(96, 1) / 5
    x = x + 0.6 * rims * (1 - fading) * (1 - x)
    y = marked(x, matte, 0.5, torch.ones(3))
    taken = []
    for sure in (0.6, 0.95):
        settled, mark = find(y, 0.95 * matte + sure * rims)
        assert mark is not None
        assert mark.opacity == pytest.approx(0.5, abs=0.1)
        assert ((settled > 0.5) == (matte > 0.5))[:, :, :60].float().mean() > 0.9
        taken.append((settled * rims).sum() / rims.sum())
    assert taken[0] < 0.2
    assert taken[0] < 0.5 * taken[1]


@pytest.mark.parametrize("far", [False, True])
def test_what_lies_far_from_the_sure_parts_is_no_part_of_the_mark(far: bool) -> None:
    """A speck that fits the mark: beside it, it is a letter; far away, it is the photograph."""
    x, matte = 0.3 + 0.4 * photograph(240, 560), torch.zeros(1, 240, 560)
    matte[:, 30:60, 20:32] = 1
    speck = torch.zeros_like(matte)
    left = 300 if far else 36
    speck[:, 44:50, left : left + 8] = 1
    y = marked(x, matte + speck, 0.5, torch.ones(3))
    settled, mark = find(y, 0.95 * matte + 0.7 * speck)
    assert mark is not None
    found = settled[speck > 0].mean()
    assert found < 0.1 if far else found > 0.7


def test_what_looks_no_different_inside_is_no_mark() -> None:
    """A wrong matte: the colours inside are the same as beside it."""
    x = photograph()
    x_hat = unblended(x[None], stripes()[None])[0]
    assert (x_hat - x).abs().max() < 0.2
