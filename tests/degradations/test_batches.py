"""Degradations of whole batches, against Pillow and NumPy on single images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from aeviz.degradations import DEGRADATIONS, marks, pixels
from aeviz.degradations import strokes as strokes_module
from aeviz.degradations.jpeg import through_jpeg
from aeviz.degradations.strokes import Walks, _inside, strokes
from aeviz.images import through_jpeg as through_jpeg_file


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def scenes(n: int, h: int = 61, w: int = 83) -> Tensor:
    """Slopes with edges and a little grain, in steps of 1/255: (n, 3, h, w)."""
    y, x = torch.linspace(0, 3, h).view(-1, 1), torch.linspace(0, 4, w)
    waves = [torch.sin(x + phase) * torch.cos(y - phase) for phase in range(3 * n)]
    base = 0.5 + 0.3 * torch.stack(waves).view(n, 3, h, w)
    base[:, :, 20:40, 30:] *= 0.4
    grain = 0.02 * torch.randn(base.shape, generator=chance())
    return ((base + grain).clamp(0, 1) * 255).round() / 255


def test_jpeg_of_a_batch_is_what_pillow_makes_of_each_picture() -> None:
    x, qualities = scenes(5), (8, 20, 45, 75, 95)
    out = through_jpeg(x, torch.tensor([float(q) for q in qualities]))
    for one, clean, quality in zip(out, x, qualities, strict=True):
        levels = (clean * 255).to(torch.uint8).permute(1, 2, 0).numpy()
        theirs = torch.from_numpy(through_jpeg_file(levels, quality)).permute(2, 0, 1) / 255
        apart = 255 * (one - theirs).abs()
        changed = 255 * (theirs - clean).abs()
        assert apart.mean() < 0.6
        assert apart.mean() < 0.2 * changed.mean()
        assert (apart > 2.5).float().mean() < 0.06  # coefficients that libjpeg rounds the other way


def test_each_picture_of_a_batch_has_its_own_quality() -> None:
    x = scenes(1).repeat(2, 1, 1, 1)
    both = through_jpeg(x, torch.tensor([10.0, 80.0]))
    alone = through_jpeg(x[:1], torch.tensor([80.0]))
    assert torch.equal(both[1:], alone)
    assert (both[0] - x[0]).square().mean() > 4 * (both[1] - x[1]).square().mean()


def test_a_grey_picture_stays_grey_in_a_jpeg() -> None:
    x = scenes(1)[:, :1].expand(-1, 3, -1, -1)
    out = through_jpeg(x, torch.tensor([30.0]))
    assert torch.equal(out[:, 0], out[:, 2])


def test_noise_that_neighbours_share_is_as_strong_and_has_its_own_width() -> None:
    white = torch.randn(6, 3, 64, 64, generator=chance())
    found = pixels._unit(pixels._blurred(white, chance()))
    assert torch.allclose(found.flatten(1).std(1), torch.ones(6), atol=1e-3)
    alike = [np.corrcoef(one[0, :, :-1].ravel(), one[0, :, 1:].ravel())[0, 1] for one in found]
    assert min(alike) > 0.02
    assert max(alike) - min(alike) > 0.2


def test_a_batch_is_blurred_as_by_a_convolution() -> None:
    white = torch.randn(2, 3, 16, 16, generator=chance())
    width = 0.4 + 0.8 * torch.rand(2, 1, 1, 1, generator=chance())
    out = pixels._blurred(white, chance())
    for i in range(2):
        taps = np.exp(-0.5 * (np.arange(-3, 4) / width[i].item()) ** 2)
        for plane, blurred in zip(white[i].numpy(), out[i].numpy(), strict=True):
            rows = np.stack([np.convolve(row, taps, "same") for row in plane])
            both = np.stack([np.convolve(column, taps, "same") for column in rows.T]).T
            assert np.allclose(blurred, both, atol=1e-4)


def test_an_eighth_is_chosen_on_average_whatever_the_size_of_the_batch() -> None:
    for n in (1, 4, 16, 30):
        generator, times = chance(n), 4000 // n
        hits = [0, 0]
        for _ in range(times):
            x = torch.zeros(n, 1, 1, 1)
            for i, some in enumerate(pixels._eighths(x, generator)):
                hits[i] += int(some.changed(x, lambda part: part + 1).sum())
        shares = [hit / (n * times) for hit in hits]
        assert shares == pytest.approx([1 / 8] * 2, abs=0.03)


def test_a_picture_is_moved_and_its_edges_are_repeated() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4).repeat(2, 1, 1, 1)
    out = pixels._moved(x, torch.tensor([-1, 2]), 3, 4)
    assert out[0, 0].tolist() == [[0, 0, 1, 2], [0, 0, 1, 2], [4, 4, 5, 6]]
    assert out[1, 0].tolist() == [[10, 11, 11, 11]] * 3


def test_strokes_cover_a_tenth_in_lines_of_their_width() -> None:
    widths = torch.tensor([2.0, 6.0, 14.0, 24.0]).repeat(8)
    masks = strokes(96, 96, widths, chance())
    assert set(masks.flatten().tolist()) == {0.0, 1.0}
    covered = masks.flatten(1).mean(1)
    assert 0.1 < covered.mean() < 0.2
    assert covered.min() > 0.04
    inner = [_half_width(mask) for mask in masks[:, 0].numpy()]
    means = np.array(inner).reshape(8, 4).mean(0)
    assert (np.diff(means) > 0).all()
    assert 5 < means[2] < 11  # about half of 14


def _half_width(mask: np.ndarray) -> float:
    """The distance of the innermost pixel from the edge of a mask, by SciPy."""
    from scipy.ndimage import distance_transform_edt

    return float(distance_transform_edt(np.pad(mask, 1, mode="edge")).max())


def test_a_piece_of_a_stroke_is_all_that_lies_near_its_line() -> None:
    walk = Walks(*(torch.tensor([[v]]) for v in (5.0, 6.0, 12.0, 5.0, 3.0)))
    found = (_inside(walk, 20, 30, 1)[0, 0] <= 0).numpy()
    start, end = np.array([5.0, 6.0]), np.array([17.0, 11.0])
    for row in range(20):
        for column in range(30):
            p = np.array([column + 0.5, row + 0.5])
            t = np.clip((p - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
            assert found[row, column] == (np.linalg.norm(p - start - t * (end - start)) <= 3)


def test_training_draws_strokes_all_at_once() -> None:
    x = scenes(6, 64, 64)
    damaged = DEGRADATIONS["holes"].draw(x, chance())
    assert torch.equal(damaged.conditioning, damaged.where)
    assert damaged.x[damaged.conditioning.bool().expand_as(x)].max() == 0
    assert torch.equal(damaged.x * (1 - damaged.conditioning), x * (1 - damaged.conditioning))


def test_inks_are_white_black_or_any_colour() -> None:
    inks = marks._inks(torch.zeros(4000, 3, 1, 1), chance())[:, :, 0, 0]
    white, black = ((inks == v).all(1).float().mean().item() for v in (1, 0))
    assert white == pytest.approx(0.5, abs=0.04)
    assert black == pytest.approx(0.25, abs=0.04)


def test_masks_drawn_one_by_one_are_those_drawn_together() -> None:
    lines = torch.tensor([2.0, 9.0, 20.0])
    walks = strokes_module._walks(48, 48, lines, chance())
    shown = strokes_module._enough(walks, 48, 48)
    together = (_inside(shown, 48, 48, 1) <= 0).any(1)[:, None].float()
    assert torch.equal(strokes(48, 48, lines, chance()), together)
