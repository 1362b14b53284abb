"""The noise estimate, on pictures whose noise is known."""

from __future__ import annotations

import numpy as np
import pytest

from aeviz.restoration.noise_level import estimate_noise, noise_level_for

Y, X = np.mgrid[:320, :480].astype(float)


def checks(side: int) -> np.ndarray:
    return 60 + 130 * ((X // side + Y // side) % 2)


def leaves() -> np.ndarray:
    """Overlapping discs of every size, as edges lie in photographs (Lee et al. 2001)."""
    chance = np.random.default_rng(5)
    picture = np.full(X.shape, 128.0)
    for _ in range(3000):
        radius = 4 / chance.uniform(0.02, 1)
        x, y = chance.uniform(0, 480), chance.uniform(0, 320)
        picture[(X - x) ** 2 + (Y - y) ** 2 < radius**2] = chance.uniform(20, 235)
    return picture


SCENES = {
    "flat": np.full(X.shape, 128.0),
    "gradient": X / 479 * 255,
    "checks": checks(24),
    "half wild": np.where(X < 240, checks(5), 90 + Y / 4),
    "leaves": leaves(),
    "dark": 12 + leaves() / 20,
}


def noisy(scene: np.ndarray, sigma: float, channels: int = 3) -> np.ndarray:
    chance = np.random.default_rng(1)
    picture = scene[:, :, None] + sigma * chance.standard_normal((*scene.shape, channels))
    return np.rint(picture).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [5, 10, 25, 50])
@pytest.mark.parametrize("name", [name for name in SCENES if name != "dark"])
def test_known_noise_is_found(name: str, sigma: float, channels: int) -> None:
    found = estimate_noise(noisy(SCENES[name], sigma, channels))
    assert found == pytest.approx(sigma, rel=0.1, abs=0.5)


def test_noise_that_is_cut_off_at_black_is_allowed_for() -> None:
    picture = noisy(SCENES["dark"], 25)
    assert picture.std() < 21
    assert estimate_noise(picture) == pytest.approx(25, rel=0.1)


@pytest.mark.parametrize("name", SCENES)
def test_a_clean_picture_has_next_to_none(name: str) -> None:
    assert estimate_noise(noisy(SCENES[name], 0)) < 1


def test_depth_does_not_matter() -> None:
    picture = noisy(SCENES["leaves"], 20)
    deep = picture.astype(np.uint16) * 257
    assert estimate_noise(deep) == pytest.approx(estimate_noise(picture), rel=1e-4)


def test_a_large_photo_is_sampled_all_over() -> None:
    """Only the lower right corner is smooth enough to measure, and most pixels are not sampled."""
    large = np.tile(noisy(checks(2)[:320, :480], 15, 1), (8, 8, 1))
    smooth = np.tile(noisy(SCENES["flat"], 15, 1), (4, 4, 1))
    large[-1280:, -1920:] = smooth
    assert estimate_noise(large) == pytest.approx(15, rel=0.1)


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (16, 16), (40, 17)])
@pytest.mark.parametrize("value", [0, 90, 255])
def test_small_and_empty_pictures_have_an_answer(size: tuple[int, int], value: int) -> None:
    assert estimate_noise(np.full((*size, 3), value, np.uint8)) == 0


def test_sixteen_pixels_square_are_enough() -> None:
    picture = noisy(SCENES["flat"], 20)[:16, :16]
    assert estimate_noise(picture) == pytest.approx(20, rel=0.25)


def test_black_and_white_dots_are_told_as_no_more_noise_than_restorers_have_learnt() -> None:
    """A dithered image: with clipping, it looks like unlimited noise."""
    dots = np.random.default_rng(0).random((256, 256, 1)) < 0.25
    pixels = dots.astype(np.uint8) * 255
    assert estimate_noise(pixels) <= 100
    assert 0 < noise_level_for(estimate_noise(pixels)) <= 55
