"""The structure of a BMP file; bit layouts that Pillow does not know are rewritten."""

import struct

import numpy as np

from aeviz.errors import UserError
from aeviz.images.containers import Container, CorruptFile, check_size

MAX_RLE_PIXELS = 4_000_000  # Pillow decodes run-length BMP in Python, about 1 us per pixel
_RUN_LENGTH, _BITFIELDS = (1, 2), (3, 6)
_KNOWN = {
    (16, (0xF800, 0x7E0, 0x1F, 0)),
    (16, (0x7C00, 0x3E0, 0x1F, 0)),
    (32, (0xFF0000, 0xFF00, 0xFF, 0)),
}


def walk_bmp(data: bytes, max_pixels: int) -> Container:
    """Check the size, and that run-length data is complete (Pillow would pad it with black)."""
    offset, header = struct.unpack_from("<II", data, 10)
    bits = 0
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        compression = stored = 0
    else:
        width, height, _, bits, compression, stored = struct.unpack_from("<iiHHII", data, 18)
    check_size(width, abs(height), max_pixels)
    if compression in _RUN_LENGTH:
        if width * abs(height) > MAX_RLE_PIXELS:
            raise UserError(
                "This run-length encoded BMP is too large to read; save it as PNG and try again."
            )
        coded = data[offset : offset + stored] if stored else data[offset:]
        if len(coded) < stored or not coded.rstrip(b"\0").endswith(b"\1"):
            raise CorruptFile
    if compression in _BITFIELDS and bits in (16, 32) and header >= 40:
        has_alpha = header >= 56 or compression == 6
        masks = struct.unpack_from("<IIII" if has_alpha else "<III", data, 54)
        masks = masks if has_alpha else (*masks, 0)
        if (bits, masks) not in _KNOWN:
            return Container("BMP", _as_bgra(data, offset, (width, height), bits, masks))
    return Container("BMP", data)


def _as_bgra(
    data: bytes, offset: int, size: tuple[int, int], bits: int, masks: tuple[int, ...]
) -> bytes:
    """The same image as a BMP of 8 bits per channel; an alpha that is 0 everywhere is dropped."""
    width, height = size
    stride, rows = (width * bits + 31) // 32 * 4, abs(height)
    if offset + stride * rows > len(data) or not all(masks[:3]):
        raise CorruptFile
    samples = np.zeros((rows, width, 4), np.uint8)
    for y in range(rows):
        row = np.frombuffer(data, f"<u{bits // 8}", width, offset + y * stride).astype(np.uint64)
        for channel, mask in zip((2, 1, 0, 3), masks, strict=True):
            if mask:
                samples[y, :, channel] = _channel(row, mask)
    alpha = 0xFF000000 if samples[:, :, 3].any() else 0
    header = struct.pack("<IiiHHIIiiII", 56, width, height, 1, 32, 3, samples.size, 0, 0, 0, 0)
    header += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, alpha)
    start = struct.pack("<IHHI", 70 + samples.size, 0, 0, 70)
    return b"".join([b"BM", start, header, samples.data])


def _channel(row: np.ndarray, mask: int) -> np.ndarray:
    """The bits of one channel, scaled to 0..255; CorruptFile if they are not contiguous."""
    low = (mask & -mask).bit_length() - 1
    top = mask >> low
    if top & (top + 1):
        raise CorruptFile
    return ((row & np.uint64(mask)) >> np.uint64(low)) * np.uint64(510) // np.uint64(2 * top)
