"""The arithmetic on whole photographs, against a simple implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from photo_server_tools import picture, pixels_of

from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.images import Photo
from aeviz.server.photos import degrade, previews, scores


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels / np.iinfo(pixels.dtype).max).float().permute(2, 0, 1)[None]


@pytest.mark.parametrize(
    "shape", [(27, 30, 3), (25, 26, 1), (9, 40, 3), (40, 10, 1), (11, 11, 3), (1, 5, 3)]
)
@pytest.mark.parametrize("side", [1, 16, 256])
def test_scores_in_blocks_are_those_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int], side: int
) -> None:
    monkeypatch.setattr(scores, "SIDE", side)
    x = picture(*shape)
    noise = np.random.default_rng(1).normal(0, 20, shape)
    x_hat = (x + noise).clip(0, 255).astype(np.uint8)
    told = scores.scores(x, x_hat)
    assert told["psnr"] == pytest.approx(metrics.psnr(tensor(x), tensor(x_hat)).item(), abs=0.006)
    assert told["ssim"] == pytest.approx(metrics.ssim(tensor(x), tensor(x_hat)).item(), abs=1e-4)


def test_scores_of_equal_photos_and_of_different_kinds() -> None:
    x = picture(30, 40)
    assert scores.scores(x, x) == {"psnr": metrics.PSNR_CAP, "ssim": 1.0}
    deep = x.astype(np.uint16) * 257
    assert scores.scores(x, deep) == {"psnr": metrics.PSNR_CAP, "ssim": 1.0}
    grey = x[:, :, :1]
    assert scores.scores(x, grey) == scores.scores(x, np.repeat(grey, 3, 2))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(40, 60), (10, 15), (80, 30)])
def test_resizing_is_the_bicubic_that_the_tasks_use(
    dtype: type[np.integer], size: tuple[int, int]
) -> None:
    x = (picture(20, 30).astype(np.uint32) * (np.iinfo(dtype).max // 255)).astype(dtype)
    out = previews.resize(x, *size)
    whole = F.interpolate(tensor(x), size, mode="bicubic", antialias=True).clamp(0, 1)
    expected = whole[0].permute(1, 2, 0).numpy() * np.iinfo(dtype).max
    assert out.dtype == dtype
    assert out.shape == (*size, 3)
    assert np.abs(out - expected).max() <= (1.5 if dtype == np.uint8 else 2)
    assert previews.resize(x, 20, 30) is x


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_blending_and_difference_of_photos_of_another_size_and_colour(
    monkeypatch: pytest.MonkeyPatch, dtype: type[np.integer]
) -> None:
    monkeypatch.setattr(previews, "_BLOCK", 200)
    scale = np.iinfo(dtype).max // 255
    before = (picture(20, 30, 1).astype(np.uint32) * scale).astype(dtype)
    after = (picture(40, 60, seed=3).astype(np.uint32) * scale).astype(dtype)
    large = previews.resize(before, 40, 60).astype(np.int64)
    out = previews.blend(before, Photo(after), 25).pixels
    assert out.dtype == dtype
    assert np.abs(out - (large + 0.25 * (after - large))).max() <= 0.51
    np.testing.assert_array_equal(
        previews.difference(before, after).pixels,
        np.minimum(4 * np.abs(after - large), np.iinfo(dtype).max),
    )
    assert previews.blend(before, Photo(after), 100).pixels is after


def test_a_tile_is_sent_exactly_where_that_is_affordable() -> None:
    pixels = picture(16, 24)
    np.testing.assert_array_equal(pixels_of(previews.encode_tile(pixels, lossless=True)), pixels)
    packed = previews.encode_tile(pixels, lossless=False)
    assert packed.startswith(b"\xff\xd8\xff")
    assert np.abs(pixels_of(packed).astype(int) - pixels).max() < 12


def test_damage_of_a_known_strength() -> None:
    flat = np.full((200, 200, 3), 128, np.uint8)
    noisy = degrade.damage(Photo(flat), "noise", 20, 1)
    assert noisy.photo.pixels.std() == pytest.approx(20, rel=0.03)
    assert noisy.reference is flat
    assert noisy.mask is None


def test_damage_keeps_grey_grey_and_alpha_beside_it() -> None:
    alpha = picture(16, 16, 1)[:, :, 0].astype(np.uint16) * 257
    deep = picture(16, 16, 1).astype(np.uint16) * 257
    out = degrade.damage(Photo(deep, alpha, ("Turned.",)), "impulse", 30, 1).photo
    assert out.pixels.shape == (16, 16, 1)
    assert (out.pixels.dtype, out.notes) == (np.uint8, ("Turned.",))
    np.testing.assert_array_equal(out.alpha, alpha // 257)


@pytest.mark.parametrize(("name", "scale"), [("x2", 2), ("x4", 4)])
def test_making_a_photo_smaller_cuts_it_to_whole_pixels(name: str, scale: int) -> None:
    x = picture(43, 61)
    out = degrade.damage(Photo(x, x[:, :, 0]), name, None, 1)
    height, width = 43 // scale, 61 // scale
    assert out.photo.pixels.shape == (height, width, 3)
    assert out.photo.alpha is not None
    assert out.photo.alpha.shape == (height, width)
    np.testing.assert_array_equal(out.reference, x[: height * scale, : width * scale])


def test_a_photo_of_three_pixels_cannot_be_made_four_times_smaller() -> None:
    with pytest.raises(UserError, match="too small to be made 4 times smaller"):
        degrade.damage(Photo(picture(16, 3)), "x4", None, 1)
