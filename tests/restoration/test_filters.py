"""Every classical filter of the table, on a photo-like image: better than its input, the same in
tiles as in one piece, and stopped on request."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from aeviz.errors import UserError
from aeviz.restoration.filters import BASELINES, base, gaussian, interpolation, medians
from aeviz.restoration.filters.medians import median_size
from aeviz.restoration.photo import Stopped

CLEANERS = ("median", "adaptive-median", "nlm", "bm3d")
FILLERS = ("telea", "ns")
every_baseline = pytest.mark.parametrize("name", BASELINES)
with_bm3d = pytest.mark.skipif(not BASELINES["bm3d"].available(), reason="bm3d is not installed")
cleaners = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=with_bm3d if name == "bm3d" else ()) for name in CLEANERS]
)
depths = pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
channels = pytest.mark.parametrize("channels", [1, 3])


def scene(height: int, width: int, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    """A soft sky over a dark wall with an edge and a disc, in all of the type's levels."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    grey = 0.35 + 0.3 * x + 0.15 * np.sin(9 * y)
    grey[y > 0.55] -= 0.25
    grey[(x - 0.4) ** 2 + (y - 0.3) ** 2 < 0.02] = 0.85
    tints = np.array([1.0, 0.9, 0.75])[:channels]
    return (grey[:, :, None] * tints * np.iinfo(dtype).max).astype(dtype)


def noisy(clean: np.ndarray, sigma: float) -> np.ndarray:
    top = np.iinfo(clean.dtype).max
    noise = np.random.default_rng(0).normal(0, sigma / 255 * top, clean.shape)
    return (clean + noise).round().clip(0, top).astype(clean.dtype)


def struck(clean: np.ndarray, share: float) -> np.ndarray:
    """Salt and pepper."""
    chance = np.random.default_rng(0).random(clean.shape[:2])
    out = clean.copy()
    out[chance < share / 2] = 0
    out[chance > 1 - share / 2] = np.iinfo(clean.dtype).max
    return out


def psnr(clean: np.ndarray, other: np.ndarray) -> float:
    error = (clean.astype(float) - other) / np.iinfo(clean.dtype).max
    return float(-10 * np.log10(np.mean(error**2)))


def hole(height: int, width: int) -> np.ndarray:
    """Two strokes that touch nothing and two specks close together."""
    mask = np.zeros((height, width), bool)
    mask[10:14, 5:50] = True
    mask[height - 20 : height - 12, width - 60 : width - 15] = True
    mask[40, 30] = mask[40, 33] = True
    return mask


# ---- what they do ------------------------------------------------------------------------------


@channels
@depths
@cleaners
def test_noise_is_taken_away(name: str, dtype: type, channels: int) -> None:
    clean = scene(70, 90, channels, dtype)
    if name == "adaptive-median":
        given, gain = struck(clean, 0.3), 15.0
    else:
        given, gain = noisy(clean, 20), 4.0
    made = BASELINES[name].run(given, sigma=20)
    assert made.shape == clean.shape
    assert made.dtype == dtype
    assert psnr(clean, made) > psnr(clean, given) + gain


def test_the_noise_is_estimated_where_it_is_not_told() -> None:
    clean, nlm = scene(128, 160), BASELINES["nlm"]
    given = noisy(clean, 25)
    told, found = (nlm.run(given, sigma=sigma) for sigma in (25, None))
    assert psnr(clean, found) > psnr(clean, told) - 1
    assert np.array_equal(nlm.run(given, sigma=0), given)


@pytest.mark.parametrize(("share", "size"), [(0.1, 3), (0.35, 5), (0.6, 7)])
@depths
def test_the_median_is_as_large_as_the_loss_asks_for(dtype: type, share: float, size: int) -> None:
    """The chosen size is the best of three."""
    clean = scene(90, 120, dtype=dtype)
    given = struck(clean, share)
    assert median_size(given, None) == size
    scores = {s: psnr(clean, medians._median_of(given, s)) for s in (3, 5, 7)}
    assert max(scores, key=lambda s: scores[s]) == size
    assert psnr(clean, BASELINES["median"].run(given)) == scores[size]


def test_the_adaptive_median_leaves_what_is_no_speck() -> None:
    clean = scene(40, 40)
    given = clean.copy()
    given[20, 20], given[5, 30] = 255, 0
    made = BASELINES["adaptive-median"].run(given)
    assert (made[20, 20] != 255).all()
    assert (made[5, 30] != 0).all()
    ramp = np.tile(np.arange(40, 240, 5, dtype=np.uint8)[:, None], (1, 30))[:, :, None]
    shaken = ramp + np.random.default_rng(0).integers(0, 3, ramp.shape).astype(np.uint8)
    assert psnr(shaken, BASELINES["adaptive-median"].run(shaken)) > 45


@channels
@depths
@pytest.mark.parametrize("scale", [2, 4])
def test_bicubic_enlarges_as_pillow_does(
    monkeypatch: pytest.MonkeyPatch, scale: int, dtype: type, channels: int
) -> None:
    monkeypatch.setattr(interpolation, "SIDE", 20)
    small = noisy(scene(33, 47, channels, dtype), 30)
    made = BASELINES["bicubic"].run(small, scale=scale)
    assert made.dtype == dtype
    assert made.shape == (33 * scale, 47 * scale, channels)
    for layer in range(channels):
        whole = Image.fromarray(small[:, :, layer].astype(np.float32))
        whole = whole.resize((47 * scale, 33 * scale), Image.Resampling.BICUBIC)
        expected = np.clip(np.asarray(whole), 0, np.iinfo(dtype).max)
        assert np.abs(made[:, :, layer] - expected).max() < 1.6


@channels
@depths
@pytest.mark.parametrize("name", FILLERS)
def test_holes_are_filled_and_nothing_else(name: str, dtype: type, channels: int) -> None:
    clean, mask = scene(100, 140, channels, dtype), hole(100, 140)
    given = clean.copy()
    given[mask] = 0
    made = BASELINES[name].run(given, mask=mask)
    assert made.dtype == dtype
    assert np.array_equal(made[~mask], clean[~mask])
    assert psnr(clean[mask], made[mask]) > 24
    assert psnr(clean[mask], given[mask]) < 12


@with_bm3d
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_bm3d_takes_grey_pictures_of_three_channels_and_flat_ones() -> None:
    grey = noisy(scene(24, 30, 1), 20)
    alone = BASELINES["bm3d"].run(grey, sigma=20)
    assert np.array_equal(BASELINES["bm3d"].run(grey.repeat(3, 2), sigma=20), alone.repeat(3, 2))
    flat = np.full((20, 20, 3), (200, 90, 10), np.uint8)
    assert np.array_equal(BASELINES["bm3d"].run(flat, sigma=20), flat)


# ---- in parts ----------------------------------------------------------------------------------


@cleaners
def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given = noisy(struck(scene(60, 70), 0.02), 15)
    whole = BASELINES[name].run(given, sigma=20)
    by_tiles = base.by_tiles

    def small_tiles(pixels, filter_, side, overlap, scale=1, skip=False):  # type: ignore[no-untyped-def]
        return by_tiles(pixels, filter_, 40, overlap, scale, skip)

    for module in (gaussian, medians):
        monkeypatch.setattr(module, "by_tiles", small_tiles)
    seen: list[tuple[int, int]] = []
    tiled = BASELINES[name].run(given, sigma=20, on_progress=lambda *at: seen.append(at))
    assert seen == [(i, 4) for i in range(1, 5)]
    if name == "bm3d":  # which blocks it compares first depends on the corner
        assert psnr(whole, tiled) > 38
    else:
        assert np.array_equal(tiled, whole)


@pytest.mark.parametrize("name", FILLERS)
def test_far_holes_one_by_one_are_as_all_at_once(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(interpolation, "_CELL", 40)
    given, mask = noisy(scene(140, 160), 5), hole(140, 160)
    seen: list[tuple[int, int]] = []
    made = BASELINES[name].run(given, mask=mask, on_progress=lambda *at: seen.append(at))
    method = {"telea": cv2.INPAINT_TELEA, "ns": cv2.INPAINT_NS}[name]
    whole = cv2.inpaint(given, mask.astype(np.uint8), interpolation._RADIUS, method)
    assert np.array_equal(made, whole)
    assert len(seen) > 1
    assert seen[-1][0] == seen[-1][1] == len(seen)


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 300, 1), (16, 16, 3), (1, 90, 3)])
@cleaners
def test_any_shape_comes_back(name: str, shape: tuple[int, int, int]) -> None:
    given = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert BASELINES[name].run(given, sigma=25).shape == shape


# ---- refused and stopped -----------------------------------------------------------------------


@every_baseline
def test_it_stops_when_told(name: str) -> None:
    if not BASELINES[name].available():
        pytest.skip(f"{name} is not installed")
    told: list[int] = []
    with pytest.raises(Stopped):
        BASELINES[name].run(
            scene(40, 40), mask=hole(60, 70)[:40, :40], sigma=20, scale=2,
            on_progress=lambda done, total: told.append(done), should_stop=lambda: True,
        )  # fmt: skip
    assert not told


@every_baseline
def test_a_missing_package_is_named(name: str) -> None:
    missing = dataclasses.replace(BASELINES[name], package="aeviz_has_no_such_package")
    assert BASELINES[name].name == name
    assert not missing.available()
    with pytest.raises(UserError, match="aeviz_has_no_such_package"):
        missing.run(scene(20, 20))


@pytest.mark.parametrize("name", FILLERS)
def test_a_hole_has_to_be_painted_and_not_all_over(name: str) -> None:
    given = scene(30, 30)
    for mask in (None, np.zeros((30, 30), bool)):
        with pytest.raises(UserError, match="Nothing is marked"):
            BASELINES[name].run(given, mask=mask)
    with pytest.raises(UserError, match="The whole photo"):
        BASELINES[name].run(given, mask=np.ones((30, 30), bool))


def test_the_median_of_small_images() -> None:
    x = torch.zeros(2, 1, 5, 5)
    x[0, 0, 2, 2] = 1  # one grain of salt
    x[1, 0, :, 3:] = 1  # an edge
    filtered = medians.median(x)
    assert not filtered[0].any()
    assert torch.equal(filtered[1], x[1])


def test_the_median_of_small_images_mixes_neither_images_nor_channels() -> None:
    x = torch.stack([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)])
    x[0, 1] = 0.5
    assert torch.equal(medians.median(x), x)
