"""Check an image file's structure before decoding it.

A decoder trusts the file: it allocates the canvas given in the header, follows every frame, and
fills missing parts with grey or black. So each format's structure is walked here first, without
decoding a pixel: sizes are checked, truncated files are refused, and parts that the image does not
need (later frames, text, metadata) are removed.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from aeviz.errors import UserError
from aeviz.images.primaries import Colours

MAX_BLOCKS = 1_000_000  # blocks walked in one file: bounds the time a hostile file can take
MAX_PAGES = 1_000


@dataclass(frozen=True)
class Container:
    """A file with a valid structure. `data` holds only the first image, ready for Pillow."""

    format: str
    data: bytes
    frames: int = 1
    bits: int = 8  # per channel, if the header gives more than Pillow's mode
    icc: bytes | None = None
    colours: Colours | None = None  # as numbers; a profile takes precedence
    xmp: bytes = b""  # if Pillow would have to decode the image to find it
    key: tuple[int, ...] = ()  # the transparent colour of a 16-bit PNG; Pillow reduces it to 8 bits
    stands_for_more: bool = False  # there are more than `frames`: counting stopped there


class CorruptFile(ValueError):  # noqa: N818  (turned into a UserError by `inspect`)
    """The structure is broken: the file was cut short or changed."""


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise UserError unless 1 <= width * height <= max_pixels."""
    if width < 1 or height < 1:
        raise CorruptFile
    if width * height > max_pixels:
        raise UserError(
            f"This image has {width:,} x {height:,} pixels, more than the "
            f"{max_pixels / 1e6:,.3g} million allowed; make it smaller and try again."
        )


def walk_gif(data: bytes, max_pixels: int) -> Container:
    """Keep header, palette, the last graphic control block and the first frame."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    check_size(width, height, max_pixels)
    pos = 13 + _palette_bytes(flags)
    header, control, first = data[:pos], b"", b""
    frames = blocks = 0
    try:
        while data[pos] != 0x3B and blocks < MAX_BLOCKS:
            start = pos
            if data[pos] == 0x21:
                pos += 2
            elif data[pos] == 0x2C:
                left, top, w, h, flags = struct.unpack_from("<HHHHB", data, pos + 1)
                if not first:
                    check_size(w, h, max_pixels)
                    check_size(max(width, left + w), max(height, top + h), max_pixels)
                pos += 11 + _palette_bytes(flags)
                frames += 1
            else:
                raise CorruptFile
            while data[pos]:
                pos += 1 + data[pos]
                blocks += 1
            pos += 1
            blocks += 1
            if first:
                continue
            if data[start] == 0x2C:
                first = data[start:pos]
            elif data[start + 1] == 0xF9:
                control = data[start:pos]
    except (CorruptFile, IndexError, struct.error):
        if not first:  # a complete first frame is enough
            raise
    if not first:
        raise CorruptFile
    more = blocks >= MAX_BLOCKS
    return Container("GIF", header + control + first + b";", frames, stands_for_more=more)


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def walk_webp(data: bytes, max_pixels: int) -> Container:
    """Check the length of the RIFF file and of every chunk; count animation frames."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise CorruptFile
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L":
        packed = struct.unpack_from("<I", data, 21)[0]
        width, height = 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise CorruptFile
    check_size(width, height, max_pixels)
    pos, frames, blocks = 12, 0, 0
    while pos + 8 <= end and blocks < MAX_BLOCKS:
        length = struct.unpack_from("<I", data, pos + 4)[0]
        frames += data[pos : pos + 4] == b"ANMF"
        pos += 8 + length
        if pos > end:
            raise CorruptFile
        pos += length & 1
        blocks += 1
    more = blocks >= MAX_BLOCKS
    return Container("WEBP", data[:end], max(1, frames), stands_for_more=more)


def walk_tiff(data: bytes, max_pixels: int) -> Container:
    """Count the pages and cut the chain after the first, so that no decoder has to walk it.

    Sizes are in tags that Pillow reads without allocating memory; `decoding` checks them there.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    count, entry, link = ("Q", 20, "Q") if big else ("H", 12, "I")
    size = struct.calcsize(link)
    page = struct.unpack_from(order + link, data, 8 if big else 4)[0]
    seen: list[int] = []
    patched = data
    while page and page not in seen and len(seen) < MAX_PAGES:
        try:
            entries = struct.unpack_from(order + count, data, page)[0]
            table = page + struct.calcsize(count)
            following = table + entries * entry
            after = struct.unpack_from(order + link, data, following)[0]
        except struct.error:
            if not seen:
                raise
            break
        if not seen:
            if entries > 65_535:  # BigTIFF allows more
                raise CorruptFile
            _check_tiff_strips(data, order, table, entries, entry, big)
            if after:
                patched = data[:following] + bytes(size) + data[following + size :]
        seen.append(page)
        page = after
    if not seen:
        raise CorruptFile
    return Container("TIFF", patched, len(seen), stands_for_more=len(seen) == MAX_PAGES)


def _check_tiff_strips(
    data: bytes, order: str, table: int, entries: int, entry: int, big: bool
) -> None:
    for i in range(entries):
        tag, _, number = struct.unpack_from(
            order + ("HHQ" if big else "HHI"), data, table + i * entry
        )
        if tag in (273, 324) and number > 200_000:  # strip and tile offsets: one decode call each
            raise CorruptFile


Walker = Callable[[bytes, int], Container]
