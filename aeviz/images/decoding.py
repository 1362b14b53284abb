"""Decode an untrusted image file, or raise a UserError that says why not."""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from aeviz.errors import UserError
from aeviz.images.blocks import blocks, part
from aeviz.images.bmp import walk_bmp
from aeviz.images.boxes import walk_boxes
from aeviz.images.colour import to_srgb
from aeviz.images.containers import (
    Container,
    CorruptFile,
    Walker,
    check_size,
    walk_gif,
    walk_tiff,
    walk_webp,
)
from aeviz.images.depth import deep_colour, grey, is_deep_colour, reduced
from aeviz.images.jpeg import walk_jpeg
from aeviz.images.jpeg2000 import CODESTREAM, walk_jpeg2000
from aeviz.images.jpeg2000 import SIGNATURE as JP2
from aeviz.images.png import SIGNATURE, walk_png
from aeviz.images.window import Span, Window, stretched

log = logging.getLogger(__name__)

MAX_PIXELS = 50_000_000
MAX_BYTES = 320 << 20  # enough for 50 megapixels of uncompressed 16-bit colour
NOT_AN_IMAGE = "This is not an image; choose a PNG, JPEG, WebP, AVIF, BMP, TIFF or GIF file."
_MAGIC: tuple[tuple[bytes, Walker, str], ...] = (
    (SIGNATURE, walk_png, "PNG"),
    (b"\xff\xd8\xff", walk_jpeg, "JPEG"),
    (b"RIFF", walk_webp, "WebP"),
    (b"GIF87a", walk_gif, "GIF"),
    (b"GIF89a", walk_gif, "GIF"),
    (b"BM", walk_bmp, "BMP"),
    (b"II*\0", walk_tiff, "TIFF"),
    (b"MM\0*", walk_tiff, "TIFF"),
    (b"II+\0", walk_tiff, "TIFF"),
    (b"MM\0+", walk_tiff, "TIFF"),
    (JP2, walk_jpeg2000, "JPEG 2000"),
    (CODESTREAM, walk_jpeg2000, "JPEG 2000"),
)

_XMP_ORIENTATION = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])\b")

_NEAR_WHITE = 32
_NEARLY_ALL = 0.9


class Picture(NamedTuple):
    """pixels (H, W, C), uint8 or uint16; alpha (H, W) of the same type, or None; span: the range of
    the file's values."""

    pixels: np.ndarray
    alpha: np.ndarray | None
    notes: tuple[str, ...]
    span: Span


@dataclass(frozen=True)
class Decoded:
    """A decoded image.

    pixels: uint8 (H, W, C), C = 1 (grey) or 3 (sRGB), transparent parts composed onto white, or
        onto black if nearly all visible parts are white.
    alpha: uint8 (H, W), or None if the image is opaque.
    notes: sentences that say how the file's own pixels were changed.
    span: the range of the file's values.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    notes: tuple[str, ...]
    span: Span | None = None


def decode(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
    window: Window | None = None,
) -> Decoded:
    """Decode a PNG, JPEG, JPEG 2000, WebP, AVIF, BMP, TIFF or GIF (its first frame), by content.

    window: the stored values to show as black and white. With any window, even an empty one, `span`
    has the file's full depth. For anything but a complete image within the limits, raises UserError
    and nothing else.
    """
    limits = None if window is None else window.values
    picture = read(data, max_pixels, max_bytes, deep=window is not None, limits=limits)
    pixels, alpha, notes, span = picture
    if window is not None:
        if window.shares is not None and span.top is not None:
            pixels = stretched(pixels, window.shares)
        elif pixels.dtype == np.uint16 and span.top is not None:
            notes = (*notes, "16-bit image reduced to 8 bits.")
        pixels, alpha = reduced(pixels), None if alpha is None else reduced(alpha)
    if alpha is not None:
        pixels, ground = composed(pixels, alpha)
        notes = (*notes, f"Transparent parts are shown on {ground}.")
    return Decoded(pixels, alpha, notes, span)


def read(
    data: bytes,
    max_pixels: int,
    max_bytes: int,
    deep: bool,
    limits: tuple[float, float] | None = None,
) -> Picture:
    """As `decode`, which calls it, but transparent parts are not composed onto a background.

    deep: keep 16 bits if the file has as many or more. limits: the values of black and white for
    integers and floats whose range is not in a header.
    """
    container = inspect(data, max_pixels, max_bytes)
    with _refusing(container.format):
        return _decode(container, max_pixels, deep, limits)


def composed(pixels: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, str]:
    """(H, W, C) composed by its alpha (H, W), both uint8 or both uint16, onto white, or onto black
    if nearly all visible parts are white; and the name of that colour."""
    full = np.iinfo(pixels.dtype).max
    white, seen = 0.0, float(alpha.sum(dtype=np.float64))
    for source, a in zip(pixels, alpha, strict=True):
        white += float(a[source.min(axis=1) > full * (1 - _NEAR_WHITE / 255)].sum(dtype=np.float64))
    ground = 0 if seen and white > _NEARLY_ALL * seen else full
    out = np.empty_like(pixels)
    for row, source, a in zip(out, pixels, alpha[:, :, None].astype(np.uint32), strict=True):
        row[:] = (source * a + ground * (full - a) + full // 2) // full  # below 2^32
    return out, "white" if ground else "black"


def inspect(data: bytes, max_pixels: int, max_bytes: int) -> Container:
    """Check format, length, size and structure without decoding; raises UserError."""
    if not data:
        raise UserError("This file is empty; choose an image file.")
    if len(data) > max_bytes:
        raise UserError(
            f"This file is larger than {max_bytes / (1 << 20):.3g} MiB: make the image smaller."
        )
    for magic, walker, name in _MAGIC:
        if data.startswith(magic) and (magic != b"RIFF" or data[8:12] == b"WEBP"):
            with _refusing(name):
                return walker(data, max_pixels)
    if data[4:8] == b"ftyp":
        with _refusing("AVIF or HEIC"):
            return walk_boxes(data, max_pixels)
    raise UserError(NOT_AN_IMAGE)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a UserError.

    It catches Exception because Pillow raises nearly every type for a bad file (OSError,
    SyntaxError, struct.error, TypeError, ...); only file parsing runs inside.
    """
    try:
        yield
    except UserError:
        raise
    except Image.DecompressionBombError as error:
        raise UserError(f"This {name} image has too many pixels; make it smaller.") from error
    except MemoryError as error:
        raise UserError(f"This {name} file needs too much memory; make it smaller.") from error
    except Exception as error:
        if not isinstance(error, CorruptFile):
            log.debug("Refused a %s file: %r", name, error)
        raise UserError(
            f"This {name} file is incomplete, damaged or of a kind that cannot be read; "
            "export it again as PNG or JPEG."
        ) from error


def _open(container: Container, max_pixels: int) -> Image.Image:
    """The image opened by Pillow, its header checked again; nothing is decoded yet."""
    im = Image.open(io.BytesIO(container.data), formats=[container.format])
    check_size(*im.size, max_pixels)
    im.info["bits"] = container.bits
    if container.format == "TIFF":
        tags = im.tag_v2  # type: ignore[attr-defined]
        check_size(tags.get(322, 1), tags.get(323, 1), max_pixels)  # a tile is decoded whole
        im.info["bits"] = max(np.atleast_1d(tags.get(258, 1)).tolist())
        im.info["white_is_zero"] = tags.get(262) == 0
        im.info["planes"] = tags.get(284) == 2
        planes = len(im.getbands()) if im.info["planes"] and im.tile[0][0] == "raw" else 1
        extents = [tile[1] or (0, 0, 0, 0) for tile in im.tile]
        drawn = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in extents)
        if drawn < im.width * im.height * planes or (planes > 1 and im.info["bits"] != 8):
            raise CorruptFile  # missing parts would stay black; Pillow splits deep planes wrongly
    im.info["orientation"], im.info["turned_by"] = _orientation(im, container.xmp)
    return im


def _orientation(im: Image.Image, xmp: bytes) -> tuple[int, str]:
    """The orientation in EXIF or, if there is none, in XMP; and which of them it was."""
    found = None
    if im.format != "PNG" or "exif" in im.info:  # else Pillow would decode all to look for it
        try:
            exif = Image.Exif()
            exif.load(im.info.get("exif", b""))
            found = (im.getexif() if im.format == "TIFF" else exif).get(0x0112)
            found = None if found is None else int(found)
        except Exception:  # a broken EXIF block raises any type; then the image counts as upright
            log.debug("Ignored a broken EXIF block", exc_info=True)
    if found is None and im.format != "TIFF":
        packet = xmp or im.info.get("xmp", b"")
        if match := _XMP_ORIENTATION.search(packet if isinstance(packet, bytes) else b""):
            return int(match[1]), "XMP"
    return found or 1, "EXIF"


def _decode(
    container: Container, max_pixels: int, deep: bool, limits: tuple[float, float] | None
) -> Picture:
    notes: list[str] = []
    if container.frames > 1:
        more = "more than " if container.stands_for_more else ""
        notes.append(f"Only the first of {more}{container.frames:,} frames is used.")

    im = _open(container, max_pixels)
    orientation, turned_by, icc = im.info["orientation"], im.info["turned_by"], container.icc
    if icc is None:
        icc = im.info.get("icc_profile")
    span = None
    if deep and is_deep_colour(im):
        pixels, alpha = deep_colour(container, partial(_open, max_pixels=max_pixels))
    elif im.mode.startswith(("I", "F")):
        im.load()
        pixels, alpha, note, span = grey(im, im.info["bits"], deep, limits)
        notes.extend([note] if note else [])
    else:
        im.load()
        pixels, alpha, note = _channels(im, im.info["bits"])
        notes.extend([note] if note else [])
    if span is None:
        top = np.iinfo(pixels.dtype).max
        span = Span(int(pixels.min()), int(pixels.max()), int(top))
    del im  # the decoder's own copy, as large as the image

    pixels, colour_notes = to_srgb(pixels, icc, container.colours)
    notes.extend(colour_notes)
    if alpha is not None:
        opaque = alpha.min() == np.iinfo(alpha.dtype).max
        alpha = None if opaque else alpha if alpha.dtype == pixels.dtype else reduced(alpha)
    if 2 <= orientation <= 8:
        notes.append(f"Turned upright by its {turned_by} orientation.")
        if container.format != "TIFF":  # Pillow turns a TIFF while loading it
            pixels = upright(pixels, orientation)
            alpha = None if alpha is None else upright(alpha, orientation)
    return Picture(pixels, alpha, tuple(notes), span)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation (2..8, EXIF 2.32 section 4.6.4) of (H, W, ...)."""
    rotated = {
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
        8: lambda x: np.rot90(x, 1),
    }[orientation](pixels)
    return np.ascontiguousarray(rotated)


def _channels(im: Image.Image, bits: int) -> tuple[np.ndarray, np.ndarray | None, str]:
    """A loaded image of 8 bits -> (pixels, C = 1, 3 or 4 (CMYK), alpha, note on its depth)."""
    channels = 4 if im.mode == "CMYK" else 1 if im.mode in ("1", "L", "LA", "La") else 3
    pixels = np.empty((im.height, im.width, channels), np.uint8)
    transparent = im.mode != "CMYK" and im.has_transparency_data
    alpha = np.empty(pixels.shape[:2], np.uint8) if transparent else None
    plain = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    for block in blocks(im.height, im.width):
        colour = part(im, block)
        if alpha is not None:
            if colour.mode in ("La", "RGBa"):  # premultiplied
                colour = colour.convert(colour.mode.upper())
            colour = colour.convert("LA" if channels == 1 else "RGBA")
            alpha[block] = np.asarray(colour.getchannel("A"))
        values = np.asarray(colour if colour.mode == plain else colour.convert(plain))
        pixels[block] = values if channels > 1 else values[:, :, None]
    return pixels, alpha, f"{bits}-bit image reduced to 8 bits." if bits > 8 else ""
