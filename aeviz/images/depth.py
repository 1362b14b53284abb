"""Decode samples of more than 8 bits: grey, which Pillow supports, and colour, which it does not.

Pillow keeps only 8 bits of colour; its raw mode says which byte of a 16-bit sample ("RGB;16B": the
first). So a 16-bit colour image is decoded twice by the same decoder, once for each byte.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from aeviz.images.blocks import blocks, part, whole
from aeviz.images.containers import Container
from aeviz.images.png import SIGNATURE, make_chunk
from aeviz.images.window import Span, usual

_RAW = re.compile(r"(RGB|RGBX|RGBA|RGBa|LA);16([BLN])")
_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}

Channels = tuple[np.ndarray, np.ndarray | None]  # pixels (H, W, C) and alpha (H, W), of one type


def is_deep_colour(im: Image.Image) -> bool:
    """Whether Pillow would reduce this opened, not yet loaded image from 16 bits to 8.

    False for a TIFF that stores each channel as a plane: only its first byte can be decoded.
    """
    return _RAW.fullmatch(_raw_mode(im)) is not None and not im.info.get("planes")


def deep_colour(container: Container, open_: Callable[[Container], Image.Image]) -> Channels:
    """Decode an image for which `is_deep_colour` is true: uint16, C = 1 or 3."""
    raw = _raw_mode(open_(container))
    if raw.startswith("LA"):
        return _grey_and_alpha(open_(_as_four_bytes(container)))
    pixels, alpha = _first_byte(open_(container), raw)
    _add_last_byte(open_(container), raw, pixels, alpha)
    if raw.startswith("RGBa") and alpha is not None:
        _unmultiply(pixels, alpha)
    if container.key:
        alpha = np.where((pixels == container.key).all(axis=2), 0, 65535).astype(np.uint16)
    return pixels, alpha


def _raw_mode(im: Image.Image) -> str:
    """The layout of the samples in the file: "RGB", "RGB;16B", ..."""
    args = im.tile[0].args if im.tile else ""  # type: ignore[attr-defined]
    return str(args[0] if isinstance(args, tuple) else args)


def _decode_as(im: Image.Image, raw: str) -> None:
    im.tile = [  # type: ignore[attr-defined]
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw)
        for tile in im.tile  # type: ignore[attr-defined]
    ]
    im.load()


def _first_byte(im: Image.Image, raw: str) -> Channels:
    _decode_as(im, raw.replace("RGBa", "RGBA"))  # Pillow would divide RGBa by alpha and round
    pixels = np.empty((im.height, im.width, 3), np.uint16)
    alpha = np.empty((im.height, im.width), np.uint16) if im.mode == "RGBA" else None
    for block in blocks(im.height, im.width):
        first = np.asarray(part(im, block), np.uint16) << 8
        pixels[block] = first[:, :, :3]
        if alpha is not None:
            alpha[block] = first[:, :, 3]
    return pixels, alpha


def _add_last_byte(im: Image.Image, raw: str, pixels: np.ndarray, alpha: np.ndarray | None) -> None:
    _decode_as(im, raw.replace("RGBa", "RGBA")[:-1] + _OTHER_BYTE[raw[-1]])
    for block in blocks(im.height, im.width):
        last = np.asarray(part(im, block))
        pixels[block] |= last[:, :, :3]
        if alpha is not None:
            alpha[block] |= last[:, :, 3]


def _as_four_bytes(container: Container) -> Container:
    """A PNG of 16-bit grey and alpha, relabelled as 8-bit RGBA, which has the same four bytes."""
    data, start = container.data, len(SIGNATURE)
    size, method = data[start + 8 : start + 16], data[start + 18 : start + 21]
    header = make_chunk(b"IHDR", size + b"\x08\x06" + method)
    return replace(container, data=SIGNATURE + header + data[start + len(header) :])


def _grey_and_alpha(im: Image.Image) -> Channels:
    im.load()
    pixels, alpha = np.empty((2, im.height, im.width), np.uint16)
    for block in blocks(im.height, im.width):
        samples = np.asarray(part(im, block)).view(">u2")
        pixels[block], alpha[block] = samples[:, :, 0], samples[:, :, 1]
    return pixels[:, :, None], alpha


def _unmultiply(pixels: np.ndarray, alpha: np.ndarray) -> None:
    for block in blocks(*alpha.shape):
        a = np.maximum(alpha[block], 1)[:, :, None].astype(np.uint64)
        pixels[block] = np.minimum((pixels[block] * np.uint64(65535) + a // 2) // a, 65535)


def grey(
    im: Image.Image, bits: int, deep: bool, limits: tuple[float, float] | None = None
) -> tuple[np.ndarray, np.ndarray | None, str, Span]:
    """A loaded grey image of 12, 16 or 32 bits, integer or float -> pixels, alpha, a note, span.

    Pixels and alpha have 8 bits, or 16 if `deep` and they need them. limits: the values of black
    and white for integers and floats whose range is not in a header; None for the usual range, or
    that of the values.
    """
    values, alpha, note = whole(im), None, ""
    if im.mode.startswith("I;16"):
        span = Span(int(values.min()), int(values.max()), 4095 if bits == 12 else 65535)
        high, top = (4095 if bits == 12 else 65535), (65535 if deep else 255)
        if isinstance(key := im.info.get("transparency"), int):
            alpha = np.where(values == key, 0, top).astype(_type(top))
        if high != top:
            table = np.rint(np.minimum(np.arange(65536), high) * (top / high)).astype(_type(top))
            values = table[values]
        if not deep:
            note = f"{bits if bits == 12 else 16}-bit image reduced to 8 bits."
    else:
        values, note, span = _ranged(values, bits, deep, limits)
    if im.info.get("white_is_zero"):
        values = np.iinfo(values.dtype).max - values
        if span.top is not None:
            span = Span(span.top - span.high, span.top - span.low, span.top)
    return values[:, :, None], alpha, note, span


def _ranged(
    values: np.ndarray, bits: int, deep: bool, limits: tuple[float, float] | None
) -> tuple[np.ndarray, str, Span]:
    """Integers or floats whose range is not in a header -> uint8 or uint16."""
    integers, note = values.dtype.kind == "i", ""
    if not integers and not (finite := np.isfinite(values)).all():
        values[~finite] = 0
        note = ", NaN and infinite values set to 0"
    found = values.min(), values.max()
    span = Span(float(found[0]), float(found[1]), None, integers)
    fitting = limits or usual(span.low, span.high, integers)
    low, high = fitting or found
    top = 65535 if deep and not (integers and high == 255) else 255
    kind, depth = f"{bits}-bit" if integers else "Floating-point", top.bit_length()
    note = f"{kind} image reduced to {depth} bits{note}." if not integers or bits > depth else ""
    if limits:  # the caller has its own note for them
        note = ""
    if not fitting:
        note += f" Its values {low:.4g} to {high:.4g} were stretched from black to white."
    return _rescaled(values, float(low), float(high), top), note.strip(), span


def _rescaled(values: np.ndarray, low: float, high: float, top: int) -> np.ndarray:
    """low..high -> 0..top, row by row, so that the float64 copy stays small."""
    scaled = np.empty(values.shape, _type(top))
    span = high - low or 1.0
    for row, source in zip(scaled, values, strict=True):
        row[:] = np.rint(((source.astype(np.float64) - low) * (top / span)).clip(0, top))
    return scaled


def reduced(values: np.ndarray) -> np.ndarray:
    """uint8 unchanged, uint16 rounded to uint8."""
    if values.dtype == np.uint8:
        return values
    out = np.empty(values.shape, np.uint8)
    for row, source in zip(out, values, strict=True):
        row[:] = (source.astype(np.uint32) + 128) // 257
    return out


def _type(top: int) -> type[np.unsignedinteger]:
    return np.uint8 if top == 255 else np.uint16
