"""The structure of a PNG file: chunks, checksums, and enough pixel data for every row."""

import struct
import zlib
from collections.abc import Iterator

from aeviz.images.containers import MAX_BLOCKS, Container, CorruptFile, check_size
from aeviz.images.primaries import Colours, from_cicp, from_gamma, is_known

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PROFILE = 8 << 20
MAX_TEXT = 1 << 20
_COLOURS = {b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"}
_XMP = b"XML:com.adobe.xmp\0"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples per pixel
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2))  # fmt: skip  # x0, y0, dx, dy: PNG specification, section 8.2


def walk_png(data: bytes, max_pixels: int) -> Container:
    """Keep the chunks that the image needs, pixel data last; an APNG loses its later frames.

    Pillow fills rows missing from a short stream with black, so the stream is inflated here once,
    in small pieces that are discarded, to count its bytes.
    """
    kept: list[bytes | memoryview] = [SIGNATURE]
    coded: list[memoryview] = []  # the chunks with pixel data, written after all others
    pixels: list[memoryview] = []
    frames, bits, colour, expected = 1, 8, 0, 0
    key: tuple[int, ...] = ()
    metadata: dict[bytes, bytes] = {}  # colours and orientation
    for kind, body, chunk in _chunks(data):
        if (kind == b"IHDR") == bool(expected):  # it comes first, and once
            raise CorruptFile
        if kind == b"IHDR":
            width, height, bits, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            check_size(width, height, max_pixels)
            if colour not in _CHANNELS or bits not in (1, 2, 4, 8, 16):
                raise CorruptFile
            expected = _raw_bytes(width, height, bits * _CHANNELS[colour], interlace)
        elif kind in _COLOURS:
            metadata.setdefault(kind, bytes(body))
        elif kind == b"iTXt" and bytes(body[:18]) == _XMP:
            metadata[kind] = bytes(body)
        elif kind == b"acTL" and len(body) == 8:
            frames = max(1, struct.unpack_from(">I", body)[0])
        elif kind == b"tRNS":
            if bits == 16 and colour == 2:
                key = struct.unpack_from(">3H", body)
            chunk = memoryview(make_chunk(kind, _scaled_key(bytes(body), bits, colour)))
        if kind == b"IDAT":
            pixels.append(body)
            coded.append(chunk)
        elif kind in (b"IHDR", b"PLTE", b"tRNS", b"eXIf"):
            kept.append(chunk)
    if not expected or _inflated_bytes(pixels, expected) < expected:
        raise CorruptFile
    end = make_chunk(b"IEND", b"")
    icc, colours = _colours(metadata)
    data, xmp = b"".join([*kept, *coded, end]), _text(metadata.get(b"iTXt", b""))
    return Container("PNG", data, frames, bits, icc, colours, xmp, key)


def _colours(metadata: dict[bytes, bytes]) -> tuple[bytes | None, Colours | None]:
    """An ICC profile, or colours as numbers, from the first chunk present of cICP, iCCP, sRGB, and
    gAMA with cHRM."""
    if len(numbers := metadata.get(b"cICP", b"")) == 4 and is_known(*numbers[:2]):
        return None, from_cicp(*numbers[:2])
    if b"iCCP" in metadata:
        return _profile(metadata[b"iCCP"]), None
    if b"sRGB" in metadata or len(metadata.get(b"gAMA", b"")) != 4:
        return None, None
    gamma, points = int.from_bytes(metadata[b"gAMA"]) / 100_000, None
    if len(metadata.get(b"cHRM", b"")) == 32:
        x = [value / 100_000 for value in struct.unpack(">8I", metadata[b"cHRM"])]
        points = ((x[2], x[3]), (x[4], x[5]), (x[6], x[7]), (x[0], x[1]))
    return None, from_gamma(gamma, points)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Yield (kind, body, whole chunk) up to IEND; damaged chunks are skipped unless critical."""
    view, pos = memoryview(data), len(SIGNATURE)
    for _ in range(MAX_BLOCKS):
        length, kind = struct.unpack_from(">I4s", data, pos)
        end = pos + 12 + length
        if end > len(data):
            raise CorruptFile
        intact = zlib.crc32(view[pos + 4 : end - 4]) == struct.unpack_from(">I", data, end - 4)[0]
        if intact:
            yield kind, view[pos + 8 : end - 4], view[pos:end]
        elif not kind[0] & 0x20:
            raise CorruptFile
        if kind == b"IEND":
            return
        pos = end
    raise CorruptFile


def make_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _raw_bytes(width: int, height: int, pixel_bits: int, interlace: int) -> int:
    """Length of the inflated stream: a filter byte and the packed samples of each row."""
    passes = _ADAM7 if interlace else ((0, 0, 1, 1),)
    total = 0
    for x0, y0, dx, dy in passes:
        w, h = -(-(width - x0) // dx), -(-(height - y0) // dy)
        total += h * (1 + (w * pixel_bits + 7) // 8) if w > 0 and h > 0 else 0
    return total


def _inflated_bytes(parts: list[memoryview], enough: int) -> int:
    inflater, total = zlib.decompressobj(), 0
    for part in parts:
        for start in range(0, len(part), 1 << 16):
            piece: bytes | memoryview = part[start : start + (1 << 16)]
            while piece and total < enough:
                total += len(inflater.decompress(piece, 1 << 20))
                piece = inflater.unconsumed_tail
            if total < enough:  # output beyond the last call's limit
                total += len(inflater.decompress(b"", 1 << 20))
    return total


def _profile(body: bytes) -> bytes:
    """The ICC profile of an iCCP chunk; b"" if it cannot be read, for which there is a note."""
    try:
        return zlib.decompressobj().decompress(body[body.index(b"\0") + 2 :], MAX_PROFILE)
    except (zlib.error, ValueError):
        return b""


def _text(body: bytes) -> bytes:
    """The text of an iTXt chunk with XMP, compressed or not."""
    packed, rest = body[len(_XMP) : len(_XMP) + 1], body[len(_XMP) + 2 :].split(b"\0", 2)
    if len(rest) < 3 or packed != b"\1":
        return rest[-1][:MAX_TEXT]
    try:
        return zlib.decompressobj().decompress(rest[2], MAX_TEXT)
    except zlib.error:
        return b""


def _scaled_key(body: bytes, bits: int, colour: int) -> bytes:
    """The transparent colour, in the file's depth, scaled to the 8-bit pixels with which Pillow
    compares it."""
    samples = {0: 1, 2: 3}.get(colour)
    if samples is None:
        return body
    key = struct.unpack_from(f">{samples}H", body)
    if bits in (2, 4):
        key = tuple(min(255, v * 255 // ((1 << bits) - 1)) for v in key)
    elif bits == 16 and colour == 2:
        key = tuple(v >> 8 for v in key)
    return struct.pack(f">{samples}H", *key)
