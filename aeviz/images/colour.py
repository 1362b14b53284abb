"""Convert colours to sRGB by the file's own colour profile."""

import io
import logging
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from aeviz.images.blocks import as_image, blocks
from aeviz.images.depth import reduced
from aeviz.images.primaries import Colours

log = logging.getLogger(__name__)

# sRGB's primaries in the profile connection space (D50), the columns of every sRGB profile (ICC
# "How to interpret the sRGB color space", table 3)
_SRGB = np.array(
    [[0.4360747, 0.3850649, 0.1430804],
     [0.2225045, 0.7168786, 0.0606169],
     [0.0139322, 0.0971045, 0.7141733]]
)  # fmt: skip
_ROUNDING = 2  # levels by which profiles of sRGB differ
# All kinds of parametric curves in the form of the last: (a x + b)^g + e for x >= d, else c x + f
_SEVEN: tuple[Callable[..., tuple[float, ...]], ...] = (
    lambda g: (g, 1, 0, 0, 0, 0, 0),
    lambda g, a, b: (g, a, b, 0, -b / a, 0, 0),
    lambda g, a, b, c: (g, a, b, 0, -b / a, c, c),
    lambda g, a, b, c, d: (g, a, b, c, d, 0, 0),
    lambda g, a, b, c, d, e, f: (g, a, b, c, d, e, f),
)


def to_srgb(
    pixels: np.ndarray, icc: bytes | None, colours: Colours | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pixels with C = 1 or 3, converted by an ICC profile or by `colours`, and notes about it.

    pixels: uint8 (H, W, C), C = 1, 3 or 4 (CMYK), or uint16 with C = 1 or 3; may be overwritten.
    An sRGB profile changes nothing, nor does one that cannot be used.
    """
    notes: tuple[str, ...] = ()
    if icc is not None:
        try:
            return _by_profile(pixels, icc)
        except Exception:  # lcms raises several types; the image is usable without its profile
            log.debug("Ignored a broken colour profile", exc_info=True)
            notes = ("The file's colour profile could not be used and was ignored.",)
    if pixels.shape[2] == 4:
        pixels = _converted(pixels, lambda im: im.convert("RGB"))
        notes = (*notes, "Converted from CMYK.")
    elif icc is None and colours is not None:
        channels = pixels.shape[2]
        linear = np.stack([colours.linear] * channels)
        matrix = colours.matrix if channels == 3 else np.eye(1, dtype=np.float32)
        pixels = _converted_by(pixels, linear, matrix)
        notes = ("Colours converted to sRGB by the file's own colour values.",)
    return pixels, notes


def _by_profile(pixels: np.ndarray, icc: bytes) -> tuple[np.ndarray, tuple[str, ...]]:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[2]]
    transform = ImageCms.buildTransform(
        profile, ImageCms.createProfile("sRGB"), mode, "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip
    if mode != "CMYK" and _changes_nothing(transform, mode):
        return pixels, ()
    source = " from CMYK" if mode == "CMYK" else ""
    notes: tuple[str, ...] = (f"Colours converted{source} to sRGB by the file's own profile.",)
    if pixels.dtype == np.uint16:
        if curves := _curves(icc, pixels.shape[2]):
            return _converted_by(pixels, *curves), notes
        pixels = reduced(pixels)
        notes = ("16-bit image reduced to 8 bits because its colour profile is a table.", *notes)
    out = "L" if mode == "L" else "RGB"
    return _converted(pixels, lambda im: transform.apply(im).convert(out)), notes


def _converted(pixels: np.ndarray, convert: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    height, width, channels = pixels.shape
    out = pixels if channels < 4 else np.empty((height, width, 3), np.uint8)
    for block in blocks(height, width):
        done = np.asarray(convert(as_image(pixels[block], "CMYK" if channels == 4 else None)))
        out[block] = done[:, :, None] if done.ndim == 2 else done
    return out


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether the profile is sRGB under any name: it changes no colour by more than rounding."""
    steps = np.linspace(0, 255, 16).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(16, 256, 3)
    probe = np.arange(256, dtype=np.uint8)[None] if mode == "L" else grid
    done = np.asarray(transform.apply(Image.fromarray(probe)).convert(mode))
    return int(np.abs(done.astype(int) - probe).max()) <= _ROUNDING


def _converted_by(pixels: np.ndarray, linear: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Convert as lcms would, but in 16 bits: Pillow passes only 8 bits to lcms.

    linear: (C, 65536), the linear light of each sample value. matrix: (C, C), to sRGB's linear
    light.
    """
    top = np.iinfo(pixels.dtype).max
    linear = linear if top == 65535 else linear[:, ::257]
    for block in blocks(*pixels.shape[:2]):
        samples = pixels[block]
        light = np.stack([table[samples[:, :, c]] for c, table in enumerate(linear)], axis=2)
        light = np.clip(light @ matrix.T, 0, 1)
        curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        pixels[block] = np.rint(curved * top)
    return pixels


def _curves(icc: bytes, channels: int) -> tuple[np.ndarray, np.ndarray] | None:
    """(linear, matrix) of a profile of curves and primaries; None for other profiles."""
    count = min(100, struct.unpack_from(">I", icc, 128)[0])
    entries = (struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(count))
    tags = {name: icc[start : start + size] for name, start, size in entries}
    names, space = ((b"k",), b"GRAY") if channels == 1 else ((b"r", b"g", b"b"), b"RGB ")
    if icc[16:24] != space + b"XYZ " or any(name.startswith(b"A2B") for name in tags):
        return None
    linear = np.stack([_curve(tags[name + b"TRC"]) for name in names])
    if channels == 1:
        return linear, np.eye(1, dtype=np.float32)
    primaries = np.stack([_fixed(tags[name + b"XYZ"][8:20]) for name in names], axis=1)
    return linear, np.linalg.solve(_SRGB, primaries).astype(np.float32)


def _fixed(body: bytes) -> np.ndarray:
    return np.frombuffer(body, ">i4") / 65536


def _curve(tag: bytes) -> np.ndarray:
    """A tone curve (ICC.1:2022, 10.6 and 10.18) at the 65,536 values of a sample."""
    x = np.linspace(0, 1, 65536)
    if tag[:4] == b"para":
        kind = struct.unpack_from(">H", tag, 8)[0]
        return _parametric(x, _fixed(tag[12 : 12 + 4 * (1, 3, 4, 5, 7)[kind]]), kind)
    if tag[:4] != b"curv":
        raise ValueError("unknown kind of tone curve")
    count = struct.unpack_from(">I", tag, 8)[0]
    points = np.frombuffer(tag, ">u2", count, 12)
    if count == 0:
        curve = x
    elif count == 1:
        curve = x ** (points[0] / 256)
    else:
        curve = np.interp(x, np.linspace(0, 1, count), points / 65535)
    return curve.astype(np.float32)


def _parametric(x: np.ndarray, numbers: np.ndarray, kind: int) -> np.ndarray:
    g, a, b, c, d, e, f = _SEVEN[kind](*numbers)
    curve = np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)
    return np.clip(curve, 0, 1).astype(np.float32)
