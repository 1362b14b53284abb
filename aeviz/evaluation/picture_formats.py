"""Image formats to compare a learned codec with: many images on one sheet, in one file.

A file with a single small image is mostly header. On a sheet, all images share one header.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, features
from torch import Tensor

from aeviz.images import decode

QUALITIES = (1, 3, 6, 10, 16, 25, 40, 60, 80, 95)
LOSSY = ("JPEG", "WebP", "AVIF", "JPEG XL")
LOSSLESS = ("PNG", "WebP lossless", "JPEG XL lossless")
BLOCK = 8
"""Side of the blocks of JPEG."""
EFFORT = 7
"""Of JPEG XL, from 1 to 9; 7 is its usual one."""
JPEG_XL = b"\xff\x0a"
"""The signature of a file that is a bare JPEG XL codestream."""
_SETTINGS: dict[str, dict[str, object]] = {
    "JPEG": {"optimize": True},
    "WebP": {"method": 5},
    "AVIF": {"speed": 6, "max_threads": 1},
    "PNG": {"optimize": True},
    "WebP lossless": {"lossless": True, "method": 5, "quality": 100},
}


def available(names: Sequence[str] = LOSSY) -> tuple[str, ...]:
    """Those of these formats that can be written here."""
    return tuple(name for name in names if _can_write(name))


def _can_write(name: str) -> bool:
    if name.startswith("JPEG XL"):
        return _jpegxl() is not None
    return name != "AVIF" or bool(features.check("avif"))


@cache
def _jpegxl() -> Any:
    """imagecodecs, as Pillow has no JPEG XL; None if it is not installed, or without JPEG XL."""
    try:
        import imagecodecs
    except ImportError:
        return None
    return imagecodecs if imagecodecs.JPEGXL.available else None


@dataclass(frozen=True)
class Sheet:
    """Images (N, C, H, W) uint8 beside each other, each in a cell of (height, width)."""

    pixels: NDArray[np.uint8]
    cell: tuple[int, int]
    images: Tensor

    def error(self, data: bytes) -> float:
        """Mean squared error per pixel of the images in this file, for values from 0 to 1."""
        return ((self.images_in(data) - self.images.float()) / 255).square().mean().item()

    def images_in(self, data: bytes) -> Tensor:
        """The images in a file of this sheet, float (N, C, H, W) from 0 to 255."""
        n, channels, height, width = self.images.shape
        found = torch.from_numpy(_pixels(data).astype(np.float32))
        found = found.reshape(*found.shape[:2], -1)
        if channels == 1:
            found = found[..., :1]
        tall, wide = self.cell
        columns = found.shape[1] // wide
        cells = found.reshape(-1, tall, columns, wide, channels).permute(0, 2, 4, 1, 3)
        return cells.reshape(-1, channels, tall, wide)[:n, :, :height, :width].round()


def sheet(images: Tensor, block: int = 1) -> Sheet:
    """Images (N, C, H, W) uint8 on a sheet that is about square. The sides of its cells are
    multiples of `block`; cells are filled by repeating the images' edges."""
    n, channels, height, width = images.shape
    columns = math.isqrt(n - 1) + 1
    rows = -(-n // columns)
    tall, wide = (-(-side // block) * block for side in (height, width))
    cells = F.pad(images.float(), (0, wide - width, 0, tall - height), mode="replicate")
    cells = torch.cat([cells, cells.new_zeros(rows * columns - n, channels, tall, wide)])
    cells = cells.reshape(rows, columns, channels, tall, wide).permute(0, 3, 1, 4, 2)
    pixels = cells.reshape(rows * tall, columns * wide, channels).byte().numpy()
    return Sheet(pixels, (tall, wide), images)


def encode(sheet: Sheet, name: str, quality: int | None = None) -> bytes:
    """The sheet as a file. `quality`: 1 to 100, for lossy formats."""
    gray = sheet.pixels.shape[2] == 1
    pixels = sheet.pixels[..., 0] if gray else sheet.pixels
    if name.startswith("JPEG XL"):
        data: bytes = _jpegxl().jpegxl_encode(
            pixels, level=quality, lossless=quality is None, effort=EFFORT, numthreads=1
        )
        return data
    image = Image.fromarray(pixels)
    settings = dict(_SETTINGS[name])
    if quality is not None:
        settings["quality"] = quality
    if name == "AVIF" and gray:
        settings["subsampling"] = "4:0:0"
    buffer = io.BytesIO()
    image.save(buffer, name.partition(" ")[0].upper(), **settings)
    return buffer.getvalue()


def _pixels(data: bytes) -> NDArray[np.uint8]:
    if data[:2] == JPEG_XL:
        found: NDArray[np.uint8] = _jpegxl().jpegxl_decode(data, numthreads=1)
        return found
    return np.array(decode(data).pixels)


def payload(data: bytes) -> int:
    """The number of bytes of compressed pixels in a file, without headers and tables. Of JPEG XL
    all but its signature: the header is a few bits that end inside a byte."""
    if data[:2] == JPEG_XL:
        return len(data) - len(JPEG_XL)
    if data[:2] == b"\xff\xd8":  # JPEG: between the header of the scan and the end marker
        start = data.index(b"\xff\xda") + 2
        return len(data) - start - int.from_bytes(data[start : start + 2], "big") - 2
    if data[:4] == b"RIFF":
        return _chunks(data, 12, "<4sI", (b"VP8 ", b"VP8L"), 0, even=True)
    if data[:4] == b"\x89PNG":
        return _chunks(data, 8, ">I4s", (b"IDAT",), 4)
    return _chunks(data, 0, ">I4s", (b"mdat",), -8)  # AVIF: a box's size counts its own header


def _chunks(
    data: bytes, place: int, head: str, names: tuple[bytes, ...], after: int, even: bool = False
) -> int:
    """The number of bytes in the chunks of these names. `after`: bytes of a chunk that its size
    does not count."""
    total = 0
    while place + 8 <= len(data):
        first, second = struct.unpack_from(head, data, place)
        name, size = (first, second) if isinstance(first, bytes) else (second, first)
        if name in names:
            total += size + min(after, 0)
        place += 8 + size + after + (size % 2 if even else 0)
    return total
