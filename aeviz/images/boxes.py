"""The structure of AVIF and HEIC files: boxes (ISO 14496-12) that contain items (ISO 23008-12)."""

import importlib.util
import struct
from collections.abc import Iterator

from aeviz.errors import UserError
from aeviz.images.av1 import coded_sizes
from aeviz.images.containers import MAX_BLOCKS, Container, CorruptFile, check_size
from aeviz.images.primaries import from_cicp

_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_AVIF = {b"avif", b"avis"}
_MAX_ITEMS = 4_096

Span = tuple[int, int]  # start and end in the file


def walk_boxes(data: bytes, max_pixels: int) -> Container:
    """Check that all boxes are complete, and each size for which a decoder would allocate memory.

    Of an animated AVIF only the still image is read.
    """
    top = list(boxes(data, 0, len(data)))
    kind, start, end = top[0]
    brands = {data[at : at + 4] for at in (start, *range(start + 8, end, 4))}
    if kind != b"ftyp" or not brands & (_AVIF | _HEIC):
        raise UserError("Video files cannot be read; save one frame of the video as JPEG.")
    if not brands & _AVIF and importlib.util.find_spec("pillow_heif") is None:
        raise UserError("HEIC files cannot be read on this server; save the image as JPEG.")
    meta = _one(data, (0, len(data)), b"meta")
    meta = (meta[0] + 4, meta[1])
    container = _one(data, _one(data, meta, b"iprp"), b"ipco")
    properties = list(boxes(data, *container))
    sizes = [
        struct.unpack_from(">II", data, at + 4) for name, at, _ in properties if name == b"ispe"
    ]
    for width, height in sizes:
        check_size(width, height, max_pixels)
    if not sizes:
        raise CorruptFile
    if not brands & _AVIF:
        return _heic(data)
    _check_items(data, meta, max_pixels)
    frames, still = _without_film(data, top)
    bits = [data[at + 5] for name, at, to in properties if name == b"pixi" and to > at + 5]
    colours = [data[at + 4 : at + 10] for name, at, to in properties if name == b"colr"
               and data[at : at + 4] == b"nclx" and to >= at + 10]  # fmt: skip
    colour = from_cicp(*struct.unpack_from(">HH", colours[0])) if colours else None
    return Container("AVIF", still, frames, max(bits, default=8), colours=colour)


def _heic(data: bytes) -> Container:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return Container("HEIF", data)


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each box, and start and end of its content."""
    for _ in range(MAX_BLOCKS):
        if start == end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        size = size or end - start
        if size < head or start + size > end:
            raise CorruptFile
        yield kind, start + head, start + size
        start += size
    raise CorruptFile


def _one(data: bytes, span: Span, wanted: bytes) -> Span:
    for kind, start, end in boxes(data, *span):
        if kind == wanted:
            return start, end
    raise CorruptFile


def _without_film(data: bytes, top: list[tuple[bytes, int, int]]) -> tuple[int, bytes]:
    """The number of frames, and the file with its tracks and their brand hidden."""
    films = [(start, end) for kind, start, end in top if kind == b"moov"]
    if not films:
        return 1, data
    hidden = bytearray(data)
    count = data.find(b"stsz", *films[0])
    frames = struct.unpack_from(">I", data, count + 12)[0] if count > 0 else 1
    for start, _ in films:
        name = data.rindex(b"moov", 0, start)
        hidden[name : name + 4] = b"free"
    for at in range(top[0][1], top[0][2], 4):
        if hidden[at : at + 4] == b"avis":
            hidden[at : at + 4] = b"avif"
    return max(1, frames), bytes(hidden)


def _check_items(data: bytes, meta: Span, max_pixels: int) -> None:
    """Check every image in the file; alpha and tiles are stored as images, too."""
    kinds = _item_kinds(data, _one(data, meta, b"iinf"))
    decoded = found = 0
    for name, content in _item_contents(data, meta):
        if kinds.get(name) != b"av01":
            continue
        found += 1
        for width, height in coded_sizes(content, max_pixels):
            check_size(width, height, max_pixels)
            decoded += width * height
    if not found or decoded > 4 * max_pixels:
        raise CorruptFile


def _item_kinds(data: bytes, span: Span) -> dict[int, bytes]:
    start, end = span
    kinds = {}
    for kind, at, _ in boxes(data, start + (6 if data[start] == 0 else 8), end):
        if kind == b"infe" and data[at] in (2, 3):
            number, _, what = struct.unpack_from(
                ">HH4s" if data[at] == 2 else ">IH4s", data, at + 4
            )
            kinds[number] = what
    return kinds


def _item_contents(data: bytes, meta: Span) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each item, which may be stored in several parts."""
    at, end = _one(data, meta, b"iloc")
    version = data[at]
    sizes = [size for byte in data[at + 4 : at + 6] for size in (byte >> 4, byte & 15)]
    offset_size, length_size, base_size, index_size = sizes
    at += 6

    def number(size: int) -> int:
        nonlocal at
        if size not in (0, 2, 4, 8) or at + size > end:
            raise CorruptFile
        at += size
        return int.from_bytes(data[at - size : at])

    total = 0
    for _ in range(min(number(4 if version == 2 else 2), _MAX_ITEMS)):
        name = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        origin, last = _one(data, meta, b"idat") if method == 1 else (0, len(data))
        parts = []
        for _ in range(number(2)):
            number(index_size if version else 0)
            start = origin + base + number(offset_size)
            length = number(length_size) or last - start
            total += length
            if length < 0 or start + length > last or total > len(data):
                raise CorruptFile
            parts.append(data[start : start + length])
        yield name, b"".join(parts)
