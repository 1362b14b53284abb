"""Sheets of images as image files: round trips, and the number of bytes for pixels."""

from __future__ import annotations

import zlib

import pytest
import torch
from torch import Tensor

from aeviz.evaluation import picture_formats
from aeviz.evaluation.picture_formats import (
    JPEG_XL,
    LOSSLESS,
    LOSSY,
    available,
    encode,
    payload,
    sheet,
)


def images(channels: int, count: int = 7) -> Tensor:
    """Smooth images of 12 x 10, each with a different slope."""
    slope = torch.linspace(0, 1, count)[:, None, None, None]
    x = torch.linspace(0, 200, 12)[None, None, :, None] * slope
    y = torch.linspace(0, 55, 10)[None, None, None, :]
    return (x + y).round().byte().expand(count, channels, 12, 10)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("block", [1, 8])
@pytest.mark.parametrize("name", available(LOSSLESS))
def test_lossless_formats_give_every_pixel_back(name: str, block: int, channels: int) -> None:
    one = sheet(images(channels), block)
    assert one.cell == ((12, 10) if block == 1 else (16, 16))
    assert one.error(encode(one, name)) == 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", available())
def test_a_higher_quality_has_less_error_and_more_bytes(name: str, channels: int) -> None:
    noise = torch.randint(0, 256, (9, channels, 16, 16), generator=torch.Generator().manual_seed(0))
    one = sheet(noise.byte())
    low, high = (encode(one, name, quality) for quality in (10, 90))
    assert len(low) < len(high)
    assert one.error(low) > one.error(high) > 0


def test_the_error_is_that_of_the_images_and_not_of_the_cells_around_them() -> None:
    one = sheet(torch.full((3, 1, 5, 5), 51).byte(), 8)
    black = sheet(torch.zeros(3, 1, 5, 5).byte(), 8)
    assert one.error(encode(black, "PNG")) == pytest.approx(0.04)


def test_payload_of_a_png_is_its_compressed_stream() -> None:
    one = sheet(images(1))
    data = encode(one, "PNG")
    raw = zlib.decompress(data[data.index(b"IDAT") + 4 :][: payload(data)])
    height, width = one.pixels.shape[:2]
    assert len(raw) == height * (width + 1)  # each row starts with the name of its filter


BYTES = [name for name in available() if name != "JPEG XL"]


@pytest.mark.parametrize("name", [*BYTES, "WebP lossless"])
def test_payload_is_most_of_a_large_file_and_little_of_a_small_one(name: str) -> None:
    noise = torch.randint(0, 256, (100, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    quality = None if name == "WebP lossless" else 60
    large = encode(sheet(noise.byte()), name, quality)
    small = encode(sheet(torch.zeros(1, 1, 8, 8).byte()), name, quality)
    assert 0.9 < payload(large) / len(large) < 1
    assert 0 < payload(small) / len(small) < 0.7


def test_payload_of_jpeg_xl_is_all_but_its_signature() -> None:
    data = encode(sheet(images(1)), "JPEG XL", 50)
    assert data[:2] == JPEG_XL
    assert payload(data) == len(data) - 2


def test_jpeg_xl_is_left_out_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available((*LOSSY, *LOSSLESS)) == (*LOSSY, *LOSSLESS)
    monkeypatch.setattr(picture_formats, "_jpegxl", lambda: None)
    assert available() == LOSSY[:-1]
    assert available(LOSSLESS) == LOSSLESS[:-1]
