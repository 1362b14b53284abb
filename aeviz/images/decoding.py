"""Bytes from a stranger -> pixels, or one sentence why not."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms

from aeviz.errors import UserError
from aeviz.images.containers import (
    Container,
    Damaged,
    Walker,
    check_size,
    walk_bmp,
    walk_gif,
    walk_tiff,
    walk_webp,
)
from aeviz.images.jpeg import walk_jpeg
from aeviz.images.png import SIGNATURE, walk_png

log = logging.getLogger(__name__)

MAX_PIXELS = 50_000_000
MAX_BYTES = 64 << 20
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
)


@dataclass(frozen=True)
class Decoded:
    """A picture from outside.

    pixels: uint8 (H, W, C), C = 1 (grey) or 3 (sRGB), transparent parts composed onto white.
    alpha: uint8 (H, W), or None where the picture is opaque.
    notes: plain sentences that say what was done to the file's own pixels.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    notes: tuple[str, ...]


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Decoded:
    """Decode a PNG, JPEG, WebP, BMP, TIFF or GIF (its first frame), told by content.

    Raises UserError, and nothing else, for whatever is not a whole picture within the limits.
    """
    pixels, alpha, notes = read(data, max_pixels, max_bytes)
    if alpha is not None:
        pixels = on_white(pixels, alpha)
        notes = (*notes, "Transparent parts are shown on white.")
    return Decoded(pixels, alpha, notes)


def read(
    data: bytes, max_pixels: int, max_bytes: int
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """The way in of every picture: (pixels (H, W, C), alpha (H, W) or None, notes).

    As `Decoded`, but with the colours that stand under transparent parts.
    """
    container = inspect(data, max_pixels, max_bytes)
    with _refusing(container.format):
        # Not held by a name here, so that _normalise can free the decoder's own copy early.
        return _normalise(_load(container, max_pixels), container)


def on_white(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Compose (H, W, C) by its alpha (H, W) onto white; both uint8 or both uint16."""
    full = np.iinfo(pixels.dtype).max
    composed = np.empty_like(pixels)
    for row, source, a in zip(composed, pixels, alpha[:, :, None].astype(np.uint32), strict=True):
        row[:] = (source * a + full * (full - a) + full // 2) // full  # below 2^32
    return composed


def inspect(data: bytes, max_pixels: int, max_bytes: int) -> Container:
    """Check kind, length, size and structure without decoding; raises UserError."""
    if not data:
        raise UserError("This file is empty; choose an image file.")
    if len(data) > max_bytes:
        raise UserError(
            f"This file is larger than {max_bytes / (1 << 20):.3g} MiB; make the image smaller."
        )
    for magic, walker, name in _MAGIC:
        if data.startswith(magic) and (magic != b"RIFF" or data[8:12] == b"WEBP"):
            with _refusing(name):
                return walker(data, max_pixels)
    if data[4:8] == b"ftyp":
        raise UserError("HEIC, AVIF and video files cannot be read; save the picture as JPEG.")
    raise UserError("This is not an image; choose a PNG, JPEG, WebP, BMP, TIFF or GIF file.")


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a UserError.

    Exception is caught whole because Pillow lets nearly every type of it out of a bad file
    (OSError, SyntaxError, struct.error, TypeError, ...); only file parsing runs in here.
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
        if not isinstance(error, Damaged):
            log.debug("Refused a %s file: %r", name, error)
        raise UserError(
            f"This {name} file is cut short, damaged or of a kind that cannot be read; "
            "export it again as PNG or JPEG."
        ) from error


def _load(container: Container, max_pixels: int) -> Image.Image:
    im = Image.open(io.BytesIO(container.data), formats=[container.format])
    check_size(*im.size, max_pixels)
    if container.format == "TIFF":
        tags = im.tag_v2  # type: ignore[attr-defined]
        check_size(tags.get(322, 1), tags.get(323, 1), max_pixels)  # a tile is decoded whole
        im.info["bits"] = max(np.atleast_1d(tags.get(258, 1)).tolist())
        im.info["white_is_zero"] = tags.get(262) == 0
        extents = [tile[1] or (0, 0, 0, 0) for tile in im.tile]
        drawn = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in extents)
        if drawn < im.width * im.height:
            raise Damaged
    im.info["orientation"] = _orientation(im)
    im.load()
    return im


def _orientation(im: Image.Image) -> int:
    try:
        return int(im.getexif().get(0x0112, 1))
    except Exception:  # a broken EXIF block raises as freely as a broken file; upright then
        log.debug("Ignored a broken EXIF block", exc_info=True)
        return 1


def _normalise(
    im: Image.Image, container: Container
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    notes: list[str] = []
    if container.frames > 1:
        more = "more than " if container.stands_for_more else ""
        notes.append(f"Only the first of {more}{container.frames:,} frames is used.")
    orientation = im.info["orientation"]
    bits = im.info.get("bits", container.bits)
    icc = im.info.get("icc_profile") if container.icc is None else container.icc

    colour, alpha, deep_note = _split(im, bits)
    del im
    if deep_note:
        notes.append(deep_note)
    if icc is not None:
        colour, note = _to_srgb(colour, icc)
        notes.extend(note)
    if colour.mode == "CMYK":
        colour = colour.convert("RGB")
        notes.append("Converted from CMYK.")
    if alpha is not None and alpha.getextrema()[0] == 255:
        alpha = None
    pixels = np.array(colour)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    mask = None if alpha is None else np.array(alpha)
    if 2 <= orientation <= 8:
        notes.append("Turned upright by its EXIF orientation.")
        if container.format != "TIFF":  # Pillow turns a TIFF as it loads
            pixels = upright(pixels, orientation)
            mask = None if mask is None else upright(mask, orientation)
    return pixels, mask, tuple(notes)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation (2..8, EXIF 2.32 section 4.6.4) of (H, W, ...)."""
    turned = {
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
        8: lambda x: np.rot90(x, 1),
    }[orientation](pixels)
    return np.ascontiguousarray(turned)


def _split(im: Image.Image, bits: int) -> tuple[Image.Image, Image.Image | None, str]:
    """Any Pillow image -> ("L", "RGB" or "CMYK" image, "L" alpha or None, note on depth)."""
    if im.mode.startswith(("I", "F")):
        return _shallow(im, bits)
    note = "16-bit image reduced to 8 bits." if bits == 16 else ""
    if im.mode == "CMYK":
        return im, None, note
    grey = im.mode in ("1", "L", "LA", "La")
    if im.has_transparency_data:
        if im.mode in ("La", "RGBa"):  # premultiplied
            im = im.convert(im.mode.upper())
        both = im.convert("LA" if grey else "RGBA")
        return both.convert("L" if grey else "RGB"), both.getchannel("A"), note
    return im.convert("L" if grey else "RGB"), None, note


def _shallow(im: Image.Image, bits: int) -> tuple[Image.Image, Image.Image | None, str]:
    """Reduce a grey image of 12, 16 or 32 bits, integer or float, to 8 bits."""
    values, alpha = np.array(im), None
    if im.mode.startswith("I;16"):
        top = 4095 if bits == 12 else 65535
        table = np.rint(np.minimum(np.arange(65536), top) * (255 / top)).astype(np.uint8)
        grey, note = table[values], f"{bits if bits == 12 else 16}-bit image reduced to 8 bits."
        if isinstance(key := im.info.get("transparency"), int):
            alpha = Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))
    elif im.mode == "I":
        low, high = (0, 65535) if _within(values, 0, 65535) else (values.min(), values.max())
        low, high = (0, 255) if _within(values, 0, 255) else (low, high)
        grey, note = _rescaled(values, low, high), f"{bits}-bit image reduced to 8 bits."
    else:
        note = "Floating-point image reduced to 8 bits."
        finite = np.isfinite(values)
        if not finite.all():
            values = np.where(finite, values, 0)
            note = "Floating-point image reduced to 8 bits, values that are no number set to 0."
        for low, high in ((0, 1), (0, 255), (values.min(), values.max())):
            if _within(values, low, high):
                break
        if (low, high) not in ((0, 1), (0, 255)):
            note += f" Its range {low:.4g} to {high:.4g} was stretched to black to white."
        grey = _rescaled(values, low, high)
    if im.info.get("white_is_zero"):
        grey = 255 - grey
    return Image.fromarray(grey), alpha, note


def _within(values: np.ndarray, low: float, high: float) -> bool:
    return bool(values.min() >= low and values.max() <= high)


def _rescaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """low..high -> 0..255, row by row so that the float64 copy stays small."""
    grey = np.empty(values.shape, np.uint8)
    span = float(high) - float(low) or 1.0
    for row, source in zip(grey, values, strict=True):
        row[:] = np.rint((source.astype(np.float64) - float(low)) * (255 / span))
    return grey


def _to_srgb(im: Image.Image, icc: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    """Apply the file's own colour profile; one that is sRGB already changes nothing."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if ImageCms.getProfileDescription(profile).startswith("sRGB"):
            return im, ()
        out = im.mode if im.mode == "L" else "RGB"
        transform = ImageCms.buildTransform(
            profile, ImageCms.createProfile("sRGB"), im.mode, "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
        converted = transform.apply(im).convert(out)
    except Exception:  # lcms speaks through several types; a picture outlives its profile
        log.debug("Ignored a broken colour profile", exc_info=True)
        return im, ("The file's colour profile could not be used and was ignored.",)
    source = " from CMYK" if im.mode == "CMYK" else ""
    return converted, (f"Colours converted{source} to sRGB by the file's own profile.",)
