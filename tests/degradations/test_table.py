"""The table of degradations."""

from __future__ import annotations

import random

import pytest
import torch
from PIL import Image

from aeviz.degradations import DEGRADATIONS, marks, pixels
from aeviz.degradations.pixels import luminance

every_damage = pytest.mark.parametrize("name", DEGRADATIONS)


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 4, h: int = 48, w: int = 56) -> torch.Tensor:
    """Smooth colours: (n, 3, h, w) in [0, 1], away from black and white."""
    y, x = torch.linspace(0, 3, h).view(-1, 1), torch.linspace(0, 4, w)
    waves = [torch.sin(x + phase) * torch.cos(y - phase) for phase in range(3 * n)]
    return 0.5 + 0.35 * torch.stack(waves).view(n, 3, h, w)


@every_damage
def test_a_damage_keeps_shape_and_range_in_steps_of_a_file(name: str) -> None:
    x = pictures()
    for damaged in (
        DEGRADATIONS[name].draw(x, chance()),
        DEGRADATIONS[name].at(x, DEGRADATIONS[name].default, chance()),
    ):
        assert damaged.x.shape == x.shape
        assert damaged.conditioning.shape == damaged.where.shape == (4, 1, 48, 56)
        levels = damaged.x * 255
        assert torch.allclose(levels, levels.round(), atol=1e-3)
        assert damaged.x.min() >= 0
        assert damaged.x.max() <= 1


@every_damage
def test_the_same_generator_gives_the_same_damage(name: str) -> None:
    x = pictures()
    one, two = (DEGRADATIONS[name].draw(x, chance(3)) for _ in range(2))
    assert torch.equal(one.x, two.x)
    assert torch.equal(one.conditioning, two.conditioning)


@every_damage
def test_outside_of_where_nothing_is_touched(name: str) -> None:
    x = (pictures() * 255).round() / 255
    for damaged in (
        DEGRADATIONS[name].draw(x, chance()),
        DEGRADATIONS[name].at(x, DEGRADATIONS[name].default, chance()),
    ):
        kept = (damaged.where == 0).expand_as(x)
        assert torch.allclose(damaged.x[kept], x[kept], atol=1e-6)


def test_noise_has_its_sigma() -> None:
    x = torch.full((2, 3, 200, 200), 0.5)
    x[0, 0] += 0.01  # a coloured picture and a grey one
    noise = DEGRADATIONS["noise"].at(x, 20, chance()).x - x
    assert noise.flatten(1).std(1).tolist() == pytest.approx([20 / 255] * 2, rel=0.02)
    assert torch.equal(noise[1, 0], noise[1, 2])
    assert not torch.equal(noise[0, 1], noise[0, 2])


def test_half_of_the_struck_pixels_are_black() -> None:
    x = torch.full((1, 3, 200, 200), 0.5)
    hit = DEGRADATIONS["impulse"].at(x, 30, chance())
    assert (hit.x == 0).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (hit.x == 1).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert hit.where.mean().item() == pytest.approx(0.3, abs=0.01)


def test_a_watermark_covers_by_its_opacity() -> None:
    """x + a (c - x): on a black picture a white mark of 50 % is half white in its middle."""
    x = torch.zeros(20, 3, 64, 64)
    marked = DEGRADATIONS["watermark"].at(x, 50, chance()).x
    assert marked.max().item() == pytest.approx(0.5, abs=1 / 255)
    shares = DEGRADATIONS["watermark"].at(x, 50, chance()).where.flatten(1).mean(1)
    assert shares.min() > 0
    assert shares.max() < 0.9


def test_holes_are_known_black_and_a_tenth() -> None:
    damaged = DEGRADATIONS["holes"].at(pictures(h=96, w=96), 8, chance())
    assert torch.equal(damaged.conditioning, damaged.where)
    assert damaged.x[damaged.conditioning.bool().expand_as(damaged.x)].max() == 0
    shares = damaged.conditioning.flatten(1).mean(1)
    assert shares.min() >= 0.1
    assert shares.max() < 0.4


@pytest.mark.parametrize("scale", [2, 4])
def test_shrinking_loses_a_checkerboard_and_keeps_a_slope(scale: int) -> None:
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    board = ((x + y) % 2).float().expand(1, 3, 64, 64)
    slope = (x / 80 + 0.1).expand(1, 3, 64, 64)
    damage = DEGRADATIONS[f"x{scale}"]
    assert (damage.at(board, scale, chance()).x - 0.5)[..., 8:-8, 8:-8].abs().max() < 0.03
    assert (damage.at(slope, scale, chance()).x - slope)[..., 8:-8, 8:-8].abs().max() < 0.01


def test_jpeg_of_low_quality_is_further_off() -> None:
    x = pictures(1) + 0.1 * torch.rand(1, 3, 48, 56, generator=chance())
    far, near = ((DEGRADATIONS["jpeg"].at(x, q, chance()).x - x).square().mean() for q in (10, 90))
    assert far > 2 * near > 0


def test_grey_keeps_the_luminance_alone() -> None:
    x = pictures()
    grey = DEGRADATIONS["grey"].at(x, 0, chance()).x
    assert torch.equal(grey[:, 0], grey[:, 2])
    assert torch.allclose(luminance(grey), luminance(x), atol=1 / 255)


def test_training_mostly_makes_the_noise_known() -> None:
    x = pictures(60, 16, 16)
    damaged = DEGRADATIONS["noise"].draw(x, chance())
    told = damaged.conditioning[:, 0, 0, 0]
    assert 0.5 < (told > 0).float().mean() < 0.9
    loud = (damaged.x - x).flatten(1).std(1)
    assert torch.corrcoef(torch.stack([told, loud])[:, told > 0])[0, 1] > 0.8


def test_training_tells_the_noise_as_second_differences_measure_it() -> None:
    noise = 0.1 * torch.randn(2, 3, 200, 200, generator=chance())
    smooth = torch.nn.functional.avg_pool2d(noise, 3, 1)  # as strong as a third, and looks fainter
    assert pixels._estimated_sigma(noise).flatten().tolist() == pytest.approx([0.1] * 2, rel=0.02)
    assert (pixels._estimated_sigma(smooth) < 0.5 * smooth.std()).all()


def test_training_sees_noise_that_has_been_a_jpeg_file() -> None:
    x = pictures(160, 32, 32)
    noise = pixels.any_noise(x, torch.full((160,), 30.0), chance())[0] - x
    blue = noise[:, 2] - luminance(noise)[:, 0]
    side, next_ = blue[:, 8:-8, 8:-8].flatten(1), blue[:, 8:-8, 9:-7].flatten(1)
    alike = torch.nn.functional.cosine_similarity(side, next_, 1)
    # JPEG keeps colour at half resolution; as many pictures again share noise before that
    assert 0.12 < (alike > 0.3).float().mean() < 0.35


def test_training_sees_parts_of_marks_larger_than_its_squares() -> None:
    x = torch.full((90, 3, 48, 48), 0.5)
    where = DEGRADATIONS["watermark"].draw(x, chance()).where
    shares = where.flatten(1).mean(1)
    assert 0.2 < (shares == 0).float().mean() < 0.6  # parts that show nothing of their mark
    assert shares[shares > 0].min() > 0.02
    whole_height = where.amax(3).flatten(1).all(1)
    assert whole_height.sum() >= 10
    assert not whole_height.all()


def test_holes_are_counted_where_a_stroke_is_drawn_and_not_all_over_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = []
    count = marks._count

    def watch(sheet: Image.Image, box: tuple[int, int, int, int]) -> int:
        counted.append((box[2] - box[0]) * (box[3] - box[1]))
        return count(sheet, box)

    monkeypatch.setattr(marks, "_count", watch)
    mask = marks._strokes(400, 400, 2, random.Random(0))
    assert 0.1 <= mask.mean() < 0.12
    assert max(counted) < 400 * 400 / 20
