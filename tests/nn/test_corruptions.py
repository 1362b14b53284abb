"""Corruptions: their statistics, their bounds, and that a generator determines them completely."""

from __future__ import annotations

import pytest
import torch

from aeviz.config import CorruptionConfig
from aeviz.nn.corruptions import CORRUPTIONS, corrupt, gaussian, masking, mixed, salt_and_pepper

EVERY = pytest.mark.parametrize("kind", CORRUPTIONS)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=generator(99))


@EVERY
def test_the_generator_alone_decides(kind: str) -> None:
    x = images(4, 3, 9, 7)
    torch.manual_seed(1)
    first = CORRUPTIONS[kind](x, 0.4, generator(5))
    torch.manual_seed(2)
    assert torch.equal(first, CORRUPTIONS[kind](x, 0.4, generator(5)))
    assert not torch.equal(first, CORRUPTIONS[kind](x, 0.4, generator(6)))


@EVERY
def test_amount_zero_is_the_identity(kind: str) -> None:
    x = torch.cat([images(4, 3, 9, 7), torch.zeros(1, 3, 9, 7), torch.ones(1, 3, 9, 7)])
    assert torch.equal(CORRUPTIONS[kind](x, 0.0, generator()), x)


@EVERY
@pytest.mark.parametrize("amount", [0.1, 1.0])
def test_the_result_is_an_image_and_x_is_untouched(kind: str, amount: float) -> None:
    x = images(8, 3, 9, 7)
    before = x.clone()
    noisy = CORRUPTIONS[kind](x, amount, generator())
    assert noisy.shape == x.shape
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    assert torch.equal(x, before)
    assert not torch.equal(noisy, x)


@EVERY
def test_the_configuration_chooses(kind: str) -> None:
    x = images(2, 1, 8, 8)
    config = CorruptionConfig(kind, 0.3)  # type: ignore[arg-type]
    assert torch.equal(corrupt(x, config, generator()), CORRUPTIONS[kind](x, 0.3, generator()))
    assert corrupt(x, CorruptionConfig("none", 0.3), generator()) is x


def test_gaussian_has_the_deviation_asked_for() -> None:
    x = torch.full((50, 1, 40, 40), 0.5)
    noise = gaussian(x, 0.1, generator()) - x  # 5 sigma from the nearest bound: no clipping
    assert noise.mean().item() == pytest.approx(0, abs=0.002)
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)


def test_gaussian_is_clipped_where_it_leaves_the_range() -> None:
    noisy = gaussian(torch.zeros(50, 1, 40, 40), 0.5, generator())
    assert (noisy == 0).float().mean().item() == pytest.approx(0.5, abs=0.01)
    assert (noisy == 1).float().mean().item() == pytest.approx(0.0228, abs=0.003)  # beyond 2 sigma


def test_gaussian_is_drawn_for_each_channel() -> None:
    noise = gaussian(torch.full((1, 3, 30, 30), 0.5), 0.1, generator())
    assert not torch.equal(noise[:, 0], noise[:, 1])


def test_salt_and_pepper_hits_its_share_half_black_half_white() -> None:
    noisy = salt_and_pepper(torch.full((50, 1, 40, 40), 0.5), 0.3, generator())
    assert (noisy == 0).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (noisy == 1).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (noisy == 0.5).float().mean().item() == pytest.approx(0.7, abs=0.01)


def test_masking_loses_its_share() -> None:
    noisy = masking(torch.full((50, 1, 40, 40), 0.5), 0.3, generator())
    assert (noisy == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (noisy == 0.5).float().mean().item() == pytest.approx(0.7, abs=0.01)


def test_masking_everything_leaves_black() -> None:
    assert masking(images(3, 1, 8, 8), 1.0, generator()).max().item() == 0


@pytest.mark.parametrize("noise", [salt_and_pepper, masking])
def test_pixels_are_hit_in_all_channels_together(noise) -> None:
    x = torch.full((5, 3, 20, 20), 0.5)
    hit = noise(x, 0.4, generator()) != x
    assert torch.equal(hit[:, 0], hit[:, 1])
    assert torch.equal(hit[:, 0], hit[:, 2])


@pytest.mark.parametrize("noise", list(CORRUPTIONS.values()))
def test_an_amount_per_image(noise) -> None:
    x = torch.full((2, 1, 20, 20), 0.5)
    noisy = noise(x, torch.tensor([0.0, 0.8]).view(2, 1, 1, 1), generator())
    assert torch.equal(noisy[0], x[0])
    assert not torch.equal(noisy[1], x[1])


def test_mixed_gives_every_kind() -> None:
    """On grey images masking makes only black, salt and pepper both, Gaussian noise other greys."""
    noisy = mixed(torch.full((400, 1, 16, 16), 0.5), 0.5, generator()).flatten(1)
    black, white = (noisy == 0).any(1), (noisy == 1).any(1)
    other = ((noisy != 0) & (noisy != 1) & (noisy != 0.5)).any(1)
    share = [m.float().mean().item() for m in (other, ~other & black & ~white, ~other & white)]
    assert share == pytest.approx([0.5, 0.25, 0.25], abs=0.06)
