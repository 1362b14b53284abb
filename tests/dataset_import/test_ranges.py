"""Images that use a part of their range, or have none declared: one scale for the whole set."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from upload_tools import SMALL, made, sent, zipped

from aeviz.dataset_import import preview, ranges
from aeviz.dataset_import.build import Recipe
from aeviz.datasets import custom, custom_images
from aeviz.images import Span, Window


def saved(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def noise(dtype: type, low: int, high: int, kind: str = "PNG", count: int = 24) -> dict[str, bytes]:
    """Images with values from `low` to a maximum of their own, `high` for the last one."""
    rng, files = np.random.default_rng(3), {}
    for i in range(count):
        top = low + (high - low) * (i + 1) // count
        pixels = rng.integers(low, top + 1, (16, 16)).astype(dtype)
        pixels[0, :2] = low, top
        files[f"a/{i:02d}.{kind.lower()}"] = saved(pixels, kind)
    return files


def loaded(name: str) -> torch.Tensor:
    return custom_images.load(custom.path_of(name))[1]


def test_twelve_bits_in_sixteen_are_stretched_alike(tmp_path: Path) -> None:
    name, _ = made(tmp_path, noise(np.uint16, 0, 4095))
    images = loaded(name)
    assert (int(images.min()), int(images.max())) == (0, 255)
    tops = images.flatten(1).amax(1)
    expected = torch.tensor([round(4095 * (i + 1) // 24 / 4095 * 255) for i in range(24)])
    assert (tops.int() - expected).abs().max() <= 1  # not each to white
    assert custom.description(name).notes == {
        "Values 0 to 4,095 of 65,535 were stretched to black to white in all images.": 24
    }


def test_as_stored_where_that_is_chosen(tmp_path: Path) -> None:
    name, _ = made(tmp_path, noise(np.uint16, 0, 4095), replace(SMALL, stretch=False))
    assert int(loaded(name).max()) == 16
    assert custom.description(name).notes == {"16-bit image reduced to 8 bits.": 24}


@pytest.mark.parametrize("top", [1, 3, 20])
def test_label_maps_of_few_values(tmp_path: Path, top: int) -> None:
    rng = np.random.default_rng(1)
    files = {
        f"{i}.png": saved(rng.integers(0, top + 1, (16, 16)).astype(np.uint8)) for i in range(24)
    }
    images = loaded(made(tmp_path, {"m.zip": zipped(files)})[0])
    assert images.unique().tolist() == [round(255 * v / top) for v in range(top + 1)]


@pytest.mark.parametrize("stretch", [True, False])
def test_signed_values_have_one_scale(tmp_path: Path, stretch: bool) -> None:
    files = noise(np.int32, -1000, 500, "TIFF")
    images = loaded(made(tmp_path, files, replace(SMALL, stretch=stretch))[0])
    tops = images.flatten(1).amax(1).tolist()
    assert tops == sorted(tops)
    assert tops[-1] == 255
    assert tops[0] == round(1500 // 24 / 1500 * 255)


def test_colour_of_sixteen_bits_keeps_its_depth(tmp_path: Path) -> None:
    from tests.images.test_photo import tiff

    rng = np.random.default_rng(0)
    files = {f"{i}.tif": tiff(rng.integers(0, 1024, (16, 16, 3), np.uint16)) for i in range(24)}
    images = loaded(made(tmp_path, files, Recipe("T", 16, True))[0])
    assert len(images.unique()) > 200


def test_an_ordinary_set_is_left_alone(tmp_path: Path) -> None:
    name, _ = made(tmp_path, noise(np.uint8, 0, 120))
    assert int(loaded(name).max()) == 120
    assert custom.description(name).notes == {}


def test_windows_by_hand() -> None:
    signed = [Span(-5, 10, None), Span(0, 300, None)]
    assert ranges.window_of(signed, False) == Window(values=(-5, 300))
    assert ranges.window_of([Span(0, 200, None)], True) == Window(values=(0, 255))
    assert ranges.window_of([Span(0, 4095, None)], True) == Window(values=(0, 4095))
    assert ranges.window_of([Span(0, 4095, None)], False) == Window(values=(0, 65535))
    assert ranges.window_of([Span(0.0, 1.0, None, False)], True) == Window(values=(0, 1))
    assert ranges.window_of([Span(0, 255, 255)], True) is None
    assert ranges.window_of([Span(7, 7, 255)], True) is None
    assert ranges.window_of([], True) is None


def test_a_look_offers_it_and_shows_both(tmp_path: Path) -> None:
    path = sent(tmp_path, noise(np.uint16, 0, 4095))
    seen = preview.look(path, lambda share, text: None, lambda: False)
    assert seen is not None
    assert "0 to 4,095 of 65,535" in seen.note
    tops = {
        stretch: max(
            int(image.max())
            for row in seen.preview(replace(SMALL, stretch=stretch), 36).values()
            for image in row
        )
        for stretch in (True, False)
    }
    assert tops == {True: 255, False: 16}
    assert len(seen.left_out) == 0
    path = sent(tmp_path, noise(np.uint8, 0, 255))
    plain = preview.look(path, lambda share, text: None, lambda: False)
    assert plain is not None
    assert (plain.note, plain.stretched) == ("", None)


def test_white_icons_on_nothing_are_seen(tmp_path: Path) -> None:
    rng, files = np.random.default_rng(5), {}
    for i in range(24):
        icon = np.full((16, 16, 4), 255, np.uint8)
        icon[:, :, 3] = 255 * (rng.random((16, 16)) < 0.3)
        files[f"{i}.png"] = saved(icon)
    name, left_out = made(tmp_path, files)
    assert len(left_out) == 0
    assert custom.description(name).notes == {"Transparent parts are shown on black.": 24}
    assert loaded(name).unique().tolist() == [0, 255]
