"""Fit any image to the input shape of a small model, with a note for each change."""

from typing import Literal

import numpy as np
import torch
from PIL import Image

from aeviz.errors import UserError
from aeviz.images.decoding import Decoded

Fit = Literal["contain", "cover", "stretch"]
_BRIGHT = (
    "Its border is bright. If the model was trained on light on dark, such as digits, invert the "
    "image."
)
Invert = Literal["auto", "any size"] | bool


def to_tensor(
    decoded: Decoded,
    image_shape: tuple[int, int, int],
    fit: Fit = "contain",
    invert: Invert = "auto",
) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Fit an image to a model: returns (float32 (C, H, W) in [0, 1], notes).

    image_shape: (C, H, W) with C = 1 or 3.
    fit: "contain" shows the whole image and pads with the median colour of its border; "cover"
        fills the shape and crops the rest; "stretch" shows the whole image and fills the shape.
    invert: "auto" inverts an image with a bright border for a grey model, because the digit data
        sets are light on dark; an image that already has the model's size is not inverted, but gets
        a note. "any size" inverts those, too.
    An image of exactly the model's shape passes unchanged. Raises UserError if the model has
    neither 1 nor 3 channels.
    """
    channels, height, width = image_shape
    if channels not in (1, 3):
        raise UserError("This model takes neither grey nor colour images: choose another model.")
    if fit not in ("contain", "cover", "stretch"):
        raise ValueError(f"fit is {fit!r}, not 'contain', 'cover' or 'stretch'")
    had_height, had_width, had_channels = decoded.pixels.shape
    squeezed = decoded.pixels[:, :, 0] if had_channels == 1 else decoded.pixels
    im = Image.fromarray(np.ascontiguousarray(squeezed))
    done = []
    same_size = (had_width, had_height) == (width, height)
    if not same_size:
        done.append(f"fitted from {had_width}x{had_height} to {width}x{height}")
    if channels != had_channels:
        im = im.convert("L" if channels == 1 else "RGB")  # ITU-R BT.601 luminance
        done.append("turned grey" if channels == 1 else "turned from grey to colour")
    border = _border_median(np.asarray(im))
    if not same_size:
        im = _fitted(im, width, height, fit, border)

    notes = [(" and ".join(done) + ".").capitalize()] if done else []
    pixels = np.array(im).reshape(height, width, channels)
    auto = invert == "any size" or (invert == "auto" and not same_size)
    if invert is True or (auto and channels == 1 and border[0] > 127):
        pixels = 255 - pixels
        notes.append(
            "Inverted because its border is bright and the model expects light on dark."
            if auto
            else "Inverted."
        )
    elif invert == "auto" and channels == 1 and border[0] > 127:
        notes.append(_BRIGHT)
    x = torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float() / 255
    return x, tuple(notes)


def _fitted(
    im: Image.Image, width: int, height: int, fit: Fit, fill: tuple[int, ...]
) -> Image.Image:
    if fit == "contain":
        return _contain(im, width, height, fill)
    if fit == "cover":
        return _cover(im, width, height)
    return im.resize((width, height), Image.Resampling.BICUBIC)


def _border_median(pixels: np.ndarray) -> tuple[int, ...]:
    """Median colour of the outermost rows and columns of (H, W) or (H, W, C)."""
    sides = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    median = np.median(np.concatenate(sides), axis=0)
    return tuple(int(value) for value in np.atleast_1d(median))


def _contain(im: Image.Image, width: int, height: int, fill: tuple[int, ...]) -> Image.Image:
    scale = min(width / im.width, height / im.height)
    w = min(width, max(1, round(im.width * scale)))
    h = min(height, max(1, round(im.height * scale)))
    canvas = Image.new(im.mode, (width, height), fill)
    # Pillow's resize is antialiased when it shrinks.
    canvas.paste(im.resize((w, h), Image.Resampling.BICUBIC), ((width - w) // 2, (height - h) // 2))
    return canvas


def _cover(im: Image.Image, width: int, height: int) -> Image.Image:
    scale = max(width / im.width, height / im.height)
    w, h = min(im.width, width / scale), min(im.height, height / scale)
    left, top = (im.width - w) / 2, (im.height - h) / 2
    return im.resize((width, height), Image.Resampling.BICUBIC, (left, top, left + w, top + h))
