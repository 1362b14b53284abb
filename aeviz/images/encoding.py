"""Encode images: PNG files, and the sheet of thumbnails inside a model file."""

import io
import math

import numpy as np
import torch
from PIL import Image

from aeviz.errors import UserError
from aeviz.images.decoding import decode
from aeviz.images.png import SIGNATURE

WEBP_SIDE = 16_383  # the largest side in the format
SPRITE_PIXELS = 80_000_000
SPRITE_BYTES = 256 << 20


def encode_png(x: np.ndarray | torch.Tensor) -> bytes:
    """One image -> PNG bytes.

    x: uint8 (H, W, C), or floating point (C, H, W) in [0, 1], which is clipped, with NaN as 0;
    C = 1, 3 or 4. Raises ValueError for another shape or type.
    """
    pixels = _array(x) if isinstance(x, torch.Tensor) else x
    if np.issubdtype(pixels.dtype, np.floating):
        pixels = np.rint(np.clip(np.nan_to_num(pixels, nan=0.0), 0, 1) * 255).astype(np.uint8)
        pixels = pixels.transpose(1, 2, 0) if pixels.ndim == 3 else pixels
    shape = pixels.shape
    if pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3, 4) or 0 in shape:
        raise ValueError(f"an image of type {pixels.dtype} and shape {shape} cannot be a PNG")
    return _png(pixels)


def _array(x: torch.Tensor) -> np.ndarray:
    x = x.detach().cpu()
    return (x.float() if x.is_floating_point() else x).numpy()


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    _image(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(
        np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    )


def _grid(count: int) -> tuple[int, int]:
    """(columns, rows) of the sheet: columns = ceil(sqrt(count)), filled row by row."""
    columns = math.isqrt(count - 1) + 1
    return columns, -(-count // columns)


def encode_sprite(images: torch.Tensor) -> bytes:
    """uint8 (N, C, H, W), C = 1 or 3 -> one lossless sheet, b"" for N = 0.

    WebP, or PNG if a side exceeds WebP's 16,383 pixels; unused cells are black.
    """
    n, c, h, w = images.shape
    if n == 0:
        return b""
    columns, rows = _grid(n)
    if images.dtype != torch.uint8 or c not in (1, 3) or columns * w * rows * h > SPRITE_PIXELS:
        raise ValueError(f"{n} images of type {images.dtype} and shape {(c, h, w)} make no sheet")
    cells = np.zeros((rows * columns, c, h, w), np.uint8)
    cells[:n] = images.cpu().numpy()
    sheet = cells.reshape(rows, columns, c, h, w).transpose(0, 3, 1, 4, 2)
    sheet = sheet.reshape(rows * h, columns * w, c)
    if max(sheet.shape) > WEBP_SIDE:
        return _png(sheet)
    buffer = io.BytesIO()
    _image(sheet).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def decode_sprite(data: bytes, count: int, image_shape: tuple[int, int, int]) -> torch.Tensor:
    """Undo `encode_sprite`: uint8 (count, C, H, W).

    Raises UserError unless the sheet is a PNG or WebP of exactly the size that count and shape
    require; this is checked in its header before it is decoded.
    """
    c, h, w = image_shape
    if count < 0 or c not in (1, 3) or h < 1 or w < 1 or (count == 0) != (len(data) == 0):
        raise UserError(_MISMATCH)
    if count == 0:
        return torch.empty((0, c, h, w), dtype=torch.uint8)
    columns, rows = _grid(count)
    pixels = columns * w * rows * h
    if pixels > SPRITE_PIXELS:
        raise UserError(_MISMATCH)
    if not data.startswith((SIGNATURE, b"RIFF")):
        raise UserError(_NO_SHEET)
    sheet = decode(data, max_pixels=pixels, max_bytes=SPRITE_BYTES).pixels
    if sheet.shape[:2] != (rows * h, columns * w) or sheet.shape[2] < c:
        raise UserError(_MISMATCH)
    cells = sheet[:, :, :c].reshape(rows, h, columns, w, c).transpose(0, 2, 4, 1, 3)
    return torch.from_numpy(cells.reshape(rows * columns, c, h, w)[:count].copy())


def through_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """uint8 (H, W, 3) after JPEG compression of this quality, 1 to 95."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file, formats=["JPEG"]))


_NO_SHEET = "The thumbnails in this model file are neither PNG nor WebP; create the file again."
_MISMATCH = "This model file has a wrong number of thumbnails; create the file again."
