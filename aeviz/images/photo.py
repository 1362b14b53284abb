"""Whole photographs: read with all that they hold, written without what they should not tell."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from aeviz.images.blocks import as_image
from aeviz.images.decoding import MAX_BYTES, MAX_PIXELS, on_white, read
from aeviz.images.depth import reduced
from aeviz.images.png import SIGNATURE, make_chunk

VIEW_PIXELS = 4_000_000
_COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}  # samples per pixel -> PNG specification, table 11.1
_BLOCK = 1 << 20  # bytes of rows that are filtered at a time


@dataclass(frozen=True)
class Photo:
    """A photograph, upright and in sRGB.

    pixels: uint8 or uint16 (H, W, C), C = 1 (grey) or 3.
    alpha: of the same type, (H, W), or None where the photo is opaque; not composed in.
    notes: plain sentences that say what was done to the file's own pixels.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def read_photo(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Photo:
    """Read a PNG, JPEG, WebP, BMP, TIFF or GIF (its first frame), told by content.

    Raises UserError, and nothing else, for whatever is not a whole picture within the limits.
    """
    return Photo(*read(data, max_pixels, max_bytes, deep=True))


def write_photo(photo: Photo) -> bytes:
    """PNG of the same depth, channels and alpha, with no metadata: `read_photo` undoes it."""
    pixels = photo.pixels
    if photo.alpha is not None:
        pixels = np.concatenate([pixels, photo.alpha[:, :, None]], axis=2)
    height, width, samples = pixels.shape
    header = struct.pack(
        ">IIBBBBB", width, height, 8 * pixels.itemsize, _COLOUR_TYPE[samples], 0, 0, 0
    )
    out, packer = [SIGNATURE, make_chunk(b"IHDR", header)], zlib.compressobj(1)
    rows = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">")).view(np.uint8)
    rows = rows.reshape(height, -1)
    step = max(1, _BLOCK // rows.shape[1])
    for top in range(0, height, step):
        block = rows[top : top + step]
        filtered = np.empty((len(block), 1 + block.shape[1]), np.uint8)
        filtered[:, 0] = 1  # Sub: each byte less the one a pixel to its left
        filtered[:, 1:] = block
        left = samples * pixels.itemsize
        filtered[:, 1 + left :] -= block[:, :-left]
        if data := packer.compress(filtered.data):
            out.append(make_chunk(b"IDAT", data))
    return b"".join([*out, make_chunk(b"IDAT", packer.flush()), make_chunk(b"IEND", b"")])


def view_bytes(photo: Photo, max_png_pixels: int = VIEW_PIXELS) -> tuple[bytes, str]:
    """(file, media type) for a browser: 8-bit PNG, or above `max_png_pixels` a JPEG on white."""
    pixels, alpha = reduced(photo.pixels), None if photo.alpha is None else reduced(photo.alpha)
    if alpha is not None and alpha.size > max_png_pixels:
        pixels, alpha = on_white(pixels, alpha), None
    if pixels.shape[0] * pixels.shape[1] <= max_png_pixels:
        return write_photo(Photo(pixels, alpha)), "image/png"
    buffer = io.BytesIO()
    as_image(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue(), "image/jpeg"
