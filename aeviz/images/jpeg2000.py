"""The structure of a JPEG 2000 file (ITU-T T.800): boxes, and a codestream with all its tiles."""

import struct
from dataclasses import dataclass
from math import ceil

from aeviz.errors import UserError
from aeviz.images.boxes import boxes
from aeviz.images.containers import MAX_BLOCKS, Container, CorruptFile, check_size

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
MAX_PIXELS = 24_000_000  # OpenJPEG needs 4 bytes per sample and some 0.1 us per pixel
_MAX_PARTS = 1_000_000  # tiles or precincts: a decoder needs some 100 bytes for each
_MAX_PACKETS = 16_000_000


@dataclass(frozen=True)
class _Size:
    """The content of the SIZ segment (A.5.1)."""

    width: int
    height: int
    tiles: int
    components: int
    bits: int


def walk_jpeg2000(data: bytes, max_pixels: int) -> Container:
    """Check all sizes for which a decoder allocates memory, and that every tile is complete."""
    icc, start, end = None, 0, len(data)
    if data.startswith(SIGNATURE):
        icc, start, end = _in_boxes(data, max_pixels)
    size = _size(data, start, max_pixels)
    _check_stream(data, start, end, size)
    return Container("JPEG2000", data, bits=16 if size.bits > 8 else 8, icc=icc)


def _in_boxes(data: bytes, max_pixels: int) -> tuple[bytes | None, int, int]:
    """The ICC profile, and start and end of the codestream."""
    icc, stream = None, None
    for kind, start, end in boxes(data, 0, len(data)):
        if kind == b"jp2h":
            for inner, at, to in boxes(data, start, end):
                if inner == b"ihdr":
                    height, width = struct.unpack_from(">II", data, at)
                    check_size(width, height, max_pixels)
                elif inner == b"colr" and data[at] in (2, 3) and icc is None:
                    icc = data[at + 3 : to]
        elif kind == b"jp2c":
            stream = start, end
            break
    if stream is None:
        raise CorruptFile
    return icc, *stream


def _size(data: bytes, start: int, max_pixels: int) -> _Size:
    if data[start : start + 4] != CODESTREAM:
        raise CorruptFile
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components = struct.unpack_from(
        ">8IH", data, start + 8
    )
    check_size(x1 - x0, y1 - y0, max_pixels)
    check_size(x1, y1, 4 * max_pixels)  # a decoder may allocate memory from the origin on
    if (x1 - x0) * (y1 - y0) > MAX_PIXELS:
        raise UserError("This JPEG 2000 image is too large to read; save it as PNG and try again.")
    if not (tile_x and tile_y and 1 <= components <= 4):
        raise CorruptFile
    tiles = ceil((x1 - tile_x0) / tile_x) * ceil((y1 - tile_y0) / tile_y)
    if not 1 <= tiles <= 65_535 or min(tile_x, x1) * min(tile_y, y1) > 4 * max_pixels:
        raise CorruptFile
    samples = data[start + 42 : start + 42 + 3 * components]
    if len(samples) < 3 * components or 0 in samples[1::3] or 0 in samples[2::3]:
        raise CorruptFile
    bits = max((byte & 127) + 1 for byte in samples[::3])
    return _Size(x1 - x0, y1 - y0, tiles, components, bits)


def _check_stream(data: bytes, start: int, end: int, size: _Size) -> None:
    """Walk from the main header over all tile-parts to the end marker (A.3)."""
    at, first = start + 2, -1
    seen: set[int] = set()
    for _ in range(MAX_BLOCKS):
        marker = struct.unpack_from(">H", data, at)[0]
        if marker == 0xFFD9:
            break
        if marker == 0xFF93:  # data of this tile-part
            at = first
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        if length < 2 or at + 2 + length > end:
            raise CorruptFile
        if marker == 0xFF90:
            tile, part = struct.unpack_from(">HI", data, at + 4)
            seen.add(tile)
            first = at + part if part else end - 2
            if tile >= size.tiles or not at + 12 <= first <= end - 2:
                raise CorruptFile
        elif marker in (0xFF52, 0xFF53):
            _check_coding(data[at + 4 : at + 2 + length], marker == 0xFF52, size)
        at += 2 + length
    if len(seen) != size.tiles:
        raise CorruptFile


def _check_coding(body: bytes, is_default: bool, size: _Size) -> None:
    """Bound the memory that COD (A.6.1) and COC (A.6.2) make a decoder allocate."""
    if is_default:
        custom, layers, at = body[0] & 1, struct.unpack_from(">H", body, 2)[0], 5
    else:
        custom, layers, at = body[1] & 1, 1, 2
    levels = body[at]
    if levels > 32:
        raise CorruptFile
    precincts = 0
    for resolution in range(levels + 1):
        across = down = 15
        if custom:
            across, down = body[at + 5 + resolution] & 15, body[at + 5 + resolution] >> 4
        scale = levels - resolution
        precincts += ceil(size.width / 2 ** (scale + across)) * ceil(
            size.height / 2 ** (scale + down)
        )
    parts = (precincts + size.tiles * (levels + 1)) * size.components
    if parts > _MAX_PARTS or parts * layers > _MAX_PACKETS:
        raise CorruptFile
