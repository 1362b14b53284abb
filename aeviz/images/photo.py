"""Photographs: read at full bit depth and with their colour profile, written without metadata."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from aeviz.images.blocks import as_image
from aeviz.images.decoding import MAX_BYTES, MAX_PIXELS, composed, read
from aeviz.images.depth import reduced
from aeviz.images.png import SIGNATURE, make_chunk
from aeviz.images.window import NARROW, stretched

VIEW_PIXELS = 4_000_000
_JPEG_SIDE = 65_500  # libjpeg's limit
_COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}  # samples per pixel -> PNG specification, table 11.1
_BLOCK = 1 << 20  # bytes of rows filtered at a time


@dataclass(frozen=True)
class Photo:
    """A photograph, upright and in sRGB.

    pixels: uint8 or uint16 (H, W, C), C = 1 (grey) or 3.
    alpha: (H, W) of the same type, or None if the photo is opaque; not composed into the pixels.
    notes: sentences that say how the file's own pixels were changed.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def read_photo(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Photo:
    """Read a PNG, JPEG, JPEG 2000, WebP, AVIF, BMP, TIFF or GIF (its first frame), by content.

    For anything but a complete image within the limits, raises UserError and nothing else.
    """
    pixels, alpha, notes, _ = read(data, max_pixels, max_bytes, deep=True)
    return Photo(pixels, alpha, notes)


def value_range(photo: Photo) -> tuple[float, float]:
    """The photo's darkest and brightest value, as fractions of the full range."""
    top = np.iinfo(photo.pixels.dtype).max
    return int(photo.pixels.min()) / top, int(photo.pixels.max()) / top


def used_range(photo: Photo) -> float:
    """The fraction of the full range, 0 to 1, between the darkest and the brightest value."""
    low, high = value_range(photo)
    return high - low


def is_narrow(photo: Photo) -> bool:
    """Whether the photo has several values, but uses so little of the range that it looks flat."""
    return 0 < used_range(photo) < NARROW


def stretched_photo(photo: Photo) -> Photo:
    """The photo with its darkest value mapped to black and its brightest to white, with a note."""
    low, high = int(photo.pixels.min()), int(photo.pixels.max())
    if low == high:
        return photo
    top = np.iinfo(photo.pixels.dtype).max
    pixels = stretched(photo.pixels, (low / top, high / top))
    note = f"Values {low:,} to {high:,} of {top:,} were stretched from black to white."
    return Photo(pixels, photo.alpha, (*photo.notes, note))


def write_photo(photo: Photo) -> bytes:
    """A PNG of the same depth, channels and alpha, without metadata; `read_photo` inverts it."""
    pixels, alpha = photo.pixels, photo.alpha
    height, width, channels = pixels.shape
    samples, depth = channels + (alpha is not None), 8 * pixels.itemsize
    header = struct.pack(">IIBBBBB", width, height, depth, _COLOUR_TYPE[samples], 0, 0, 0)
    out = [SIGNATURE, make_chunk(b"IHDR", header)]
    # Fast compression: more work hardly helps for photographs. In low bytes only zeros repeat.
    strategy = zlib.Z_RLE if depth == 16 else zlib.Z_DEFAULT_STRATEGY
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 8, strategy)
    above = np.zeros((1, width * samples * depth // 8), np.uint8)
    step = max(1, _BLOCK // above.size)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        block = pixels[rows]
        if alpha is not None:
            block = np.concatenate([block, alpha[rows, :, None]], axis=2)
        coded = block.astype(pixels.dtype.newbyteorder(">"), order="C").view(np.uint8)
        coded = coded.reshape(len(block), -1)
        packed = packer.compress(_filtered(coded, above, samples * depth // 8).data)
        out += [make_chunk(b"IDAT", packed)] if packed else []
        above = coded[-1:]
    return b"".join([*out, make_chunk(b"IDAT", packer.flush()), make_chunk(b"IEND", b"")])


def _filtered(rows: np.ndarray, above: np.ndarray, pixel: int) -> np.ndarray:
    """uint8 (N, B) -> (N, 1 + B): PNG filter 3 (specification, section 9.2), each byte minus the
    mean of those to the left and above, rounded down.

    above: the row (1, B) above the first one. pixel: bytes per pixel. For photographs it compresses
    as well as choosing the best filter for each row.
    """
    up = np.concatenate([above, rows[:-1]])
    left = np.zeros_like(rows)
    left[:, pixel:] = rows[:, :-pixel]
    filtered = np.full((rows.shape[0], 1 + rows.shape[1]), 3, np.uint8)
    filtered[:, 1:] = rows - ((left & up) + ((left ^ up) >> 1))  # the mean, within 8 bits
    return filtered


def view_bytes(photo: Photo, max_png_pixels: int = VIEW_PIXELS) -> tuple[bytes, str]:
    """(file, media type) for a browser: 8-bit PNG, or above `max_png_pixels` an opaque JPEG."""
    pixels, alpha = reduced(photo.pixels), None if photo.alpha is None else reduced(photo.alpha)
    height, width = pixels.shape[:2]
    if height * width <= max_png_pixels or max(height, width) > _JPEG_SIDE:
        return write_photo(Photo(pixels, alpha)), "image/png"
    if alpha is not None:
        pixels, _ = composed(pixels, alpha)
    buffer = io.BytesIO()
    as_image(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue(), "image/jpeg"
