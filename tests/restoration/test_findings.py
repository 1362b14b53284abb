"""An image without damage is unchanged, with a note; hidden colours change nothing visible."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from small_restorer import tiny as tiny_config

from aeviz.images.photo import Photo, stretched_photo, used_range
from aeviz.nn.unet import Restorer
from aeviz.restoration.filters import BASELINES
from aeviz.restoration.findings import find, first_notes, noise_of
from aeviz.restoration.noise_level import measure_noise
from aeviz.restoration.photo import restore_photo
from aeviz.restoration.synthetic import kind_of
from aeviz.restoration.tasks import TASKS

DENOISE, IMPULSE = TASKS["denoise"], TASKS["impulse"]


def tiny(task: str) -> Restorer:
    """A network with random weights, which changes its input."""
    torch.manual_seed(0)
    model = Restorer(tiny_config(f"restore-{task}")).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


def photo(sigma: float, tint: tuple[float, ...] = (1.0,), dark: float = 1.0) -> np.ndarray:
    """Smooth shapes with white noise, in a tint."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:240, :320] / 30
    grey = 120 + 60 * np.sin(x + np.cos(y)) + 25 * np.cos(2 * y)
    grey = grey * dark + sigma * rng.standard_normal(grey.shape)
    return np.rint(np.stack([grey * t for t in tint], 2)).clip(0, 255).astype(np.uint8)


def drawing(kind: str) -> np.ndarray:
    sheet = np.full((200, 260), 255, np.uint8)
    if kind == "rings":
        for radius in range(5, 90, 6):
            cv2.circle(sheet, (130, 100), radius, 0, 1)
    elif kind == "grid":
        sheet[::3] = sheet[:, ::3] = 0
    elif kind == "hatching":
        for start in range(-200, 260, 4):
            cv2.line(sheet, (start, 0), (start + 200, 200), 0, 1)
    elif kind == "dither":
        grey = np.arange(260)[None] / 259 + np.random.default_rng(0).uniform(-0.5, 0.5, (200, 260))
        sheet = np.where(grey > 0.5, 255, 0).astype(np.uint8)
    elif kind == "code":
        bits = np.random.default_rng(1).integers(0, 2, (25, 26), dtype=np.uint8) * 255
        sheet = bits.repeat(8, 0)[:200].repeat(10, 1)
    return sheet[:, :, None]


def screenshot() -> np.ndarray:
    sheet = np.full((220, 480, 3), 255, np.uint8)
    for row in range(8):
        colour = (0, 90, 200) if row % 2 else (30, 30, 30)
        cv2.putText(sheet, "The quick brown fox jumps", (10, 25 + 25 * row),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 1, cv2.LINE_AA)  # fmt: skip
    return sheet


TWO = [drawing(kind) for kind in ("rings", "grid", "hatching", "dither", "code")]


@pytest.mark.parametrize("pixels", [*TWO, screenshot()])
def test_what_is_no_photo_is_left_alone_and_said(pixels: np.ndarray) -> None:
    result = restore_photo(tiny("denoise"), DENOISE, Photo(pixels))
    np.testing.assert_array_equal(result.pixels, pixels)
    assert "nothing was changed" in result.notes[0]
    assert noise_of(Photo(pixels)) == 0
    assert "not treated as a photo" in first_notes(Photo(pixels))[0]
    changed = restore_photo(tiny("denoise"), DENOISE, Photo(pixels), sigma=10.0)
    assert (changed.pixels != pixels).any()  # as was asked for
    for name in ("nlm", "bm3d"):
        if BASELINES[name].available():
            np.testing.assert_array_equal(BASELINES[name].run(pixels), pixels)


@pytest.mark.parametrize("pixels", TWO)
def test_impulse_takes_no_lines_from_a_drawing(pixels: np.ndarray) -> None:
    result = restore_photo(tiny("impulse"), IMPULSE, Photo(pixels))
    np.testing.assert_array_equal(result.pixels, pixels)
    assert result.notes == find(IMPULSE, Photo(pixels), None).notes != ()


def test_no_noise_changes_nothing() -> None:
    pixels = cv2.GaussianBlur(photo(0, (1.0, 0.8, 0.6)), (0, 0), 2)
    result = restore_photo(tiny("denoise"), DENOISE, Photo(pixels))
    np.testing.assert_array_equal(result.pixels, pixels)
    assert result.notes[0].startswith("No noise was found")


@pytest.mark.parametrize("sigma", [3, 10, 30])
def test_a_noisy_photo_is_no_drawing(sigma: float) -> None:
    pixels = photo(sigma)
    assert kind_of(pixels) == ""
    assert kind_of(pixels // 4) == ""  # dark
    assert kind_of(np.rint(pixels * 1.5).clip(0, 255).astype(np.uint8)) == ""  # much of it white
    assert find(DENOISE, Photo(pixels), None).notes == ()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("grain", [0.3, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("factor", [8, 16])
def test_a_dark_grainy_photo_made_brighter_is_no_drawing(
    factor: int, grain: float, channels: int
) -> None:
    dark = photo(0, (1.0,) * channels) / factor
    dark = np.rint(dark + grain * np.random.default_rng(5).standard_normal(dark.shape))
    pixels = (dark * factor).clip(0, 255).astype(np.uint8)
    assert len(np.unique(pixels)) < 40
    assert kind_of(pixels) == ""
    assert not find(DENOISE, Photo(pixels), None).untouched


@pytest.mark.parametrize("tint", [(1.0, 0.85, 0.65), (0.7, 1.0, 0.9), (1.0, 1.0, 1.0)])
def test_noise_of_a_tinted_photo_is_that_of_the_grey_one(tint: tuple[float, ...]) -> None:
    assert measure_noise(photo(20, tint)).sigma == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("sigma", [10, 20])
@pytest.mark.parametrize("blur", [0.6, 0.8])
@pytest.mark.parametrize("dark", [1.0, 0.4])
def test_coarse_noise_is_found_and_said(sigma: float, blur: float, dark: float) -> None:
    grain = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(240, 320, 3)), (0, 0), blur)
    grain *= sigma / grain.std()
    pixels = np.rint(photo(0, (1.0, 0.9, 0.8), dark) + grain).clip(0, 255).astype(np.uint8)
    noise = measure_noise(pixels)
    assert noise.coarse
    assert noise.sigma == pytest.approx(sigma, rel=0.3)
    assert "rough estimate" in find(DENOISE, Photo(pixels), None).notes[0]


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Through a JPEG file with colours of half size; grey has one channel."""
    _, file = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    flag = cv2.IMREAD_COLOR if pixels.shape[2] == 3 else cv2.IMREAD_GRAYSCALE
    return cv2.imdecode(file, flag).reshape(pixels.shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [95, 90, 85, 75])
@pytest.mark.parametrize("sigma", [10, 20, 40])
def test_noise_that_jpeg_has_taken_from_is_found_or_said(
    sigma: float, quality: int, channels: int
) -> None:
    noise = sigma * np.random.default_rng(2).standard_normal((240, 320, channels))
    grey = photo(0)
    clean = np.concatenate([grey, grey[::-1], grey[:, ::-1]][:channels], axis=2)
    pixels = np.rint(clean + noise).clip(0, 255).astype(np.uint8)
    assert find(DENOISE, Photo(pixels), None).notes == ()
    pixels = jpeg(pixels, quality)
    notes = find(DENOISE, Photo(pixels), None).notes
    within = measure_noise(pixels).sigma == pytest.approx(sigma, rel=0.2)
    assert within or "JPEG" in notes[0] or "rough estimate" in notes[0]
    if channels == 3:
        assert notes  # a third of it is gone with the colours


@pytest.mark.parametrize("task", ["jpeg", "denoise", "x2"])
def test_hidden_colours_change_nothing_that_is_seen(task: str) -> None:
    alpha = np.zeros((240, 320), np.uint8)
    alpha[60:180, 80:240] = 255
    alpha[60:80, 80:240] = 120
    black, green = photo(12, (1, 1, 1)), photo(12, (1, 1, 1))
    black[alpha == 0], green[alpha == 0] = 0, (0, 255, 0)
    model = tiny(task)
    results = [restore_photo(model, TASKS[task], Photo(x, alpha)) for x in (black, green)]
    scale = TASKS[task].scale
    seen = alpha.repeat(scale, 0).repeat(scale, 1) > 0
    np.testing.assert_array_equal(results[0].pixels[seen], results[1].pixels[seen])
    assert noise_of(Photo(black, alpha)) == noise_of(Photo(green, alpha)) == pytest.approx(12, 0.2)
    if scale == 1:
        assert (results[1].pixels[alpha == 0] == (0, 255, 0)).all()


def test_a_small_part_of_the_range_is_said_and_can_be_stretched() -> None:
    pixels = np.random.default_rng(0).integers(808, 1193, (40, 60, 1)).astype(np.uint16)
    low = Photo(pixels)
    assert first_notes(low) == ("The photo uses 0.59 % of the range from black to white.",)
    high = stretched_photo(low)
    assert (high.pixels.min(), high.pixels.max()) == (0, 65535)
    assert used_range(high) == 1
    assert first_notes(high) == ()
    assert "808 to 1,192 of 65,535" in high.notes[0]


def test_bits_are_told_where_the_lower_ones_are_used() -> None:
    ramp = np.linspace(0, 1, 60 * 80).reshape(60, 80, 1)
    twelve = Photo((4095 * ramp).astype(np.uint16))
    assert first_notes(twelve) == ("The photo uses only 12 of its 16 bits.",)
    foggy = Photo((140 + 30 * ramp).astype(np.uint8))
    assert first_notes(foggy) == ("The photo uses 12 % of the range from black to white.",)
    assert first_notes(Photo((100 * ramp).astype(np.uint8))) == ()
