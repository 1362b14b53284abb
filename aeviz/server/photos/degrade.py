"""Degrade a clean upload on request, so that the restored photograph can be compared with it."""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

import numpy as np
import torch

from aeviz.degradations import DEGRADATIONS
from aeviz.errors import UserError
from aeviz.images import Photo
from aeviz.server.photos.previews import resize

MAX_PIXELS: Final = 16_000_000
SCALES: Final = {"x2": 2, "x4": 4}

_one_at_a_time = threading.Lock()  # each call holds several float copies of a large photograph


class DegradedPhoto(NamedTuple):
    """The degraded photograph, the clean pixels to compare with, and bool (H, W) True in holes."""

    photo: Photo
    reference: np.ndarray
    mask: np.ndarray | None


def damage(photo: Photo, name: str, amount: float | None, seed: int) -> DegradedPhoto:
    """The photograph with the degradation `name` at strength `amount`, None for the default.

    The same seed gives the same result. Before downscaling, the photograph is cropped to a multiple
    of the scale. UserError if there is no such degradation or it does not fit the photograph.
    """
    kind = DEGRADATIONS.get(name)
    if kind is None:
        raise UserError(f"There is no degradation called {name[:40]!r}.")
    amount = kind.default if amount is None else amount
    if not kind.low <= amount <= kind.high:
        raise UserError(f"{kind.label} must lie between {kind.low:g} and {kind.high:g}.")
    height, width, channels = photo.pixels.shape
    if height * width > MAX_PIXELS:
        raise UserError(
            f"This photo has {height * width / 1e6:.0f} megapixels. Damage can be added to "
            f"photos of up to {MAX_PIXELS / 1e6:.0f} megapixels: make it smaller."
        )
    if name in SCALES:
        return _downscale(photo, SCALES[name])
    with _one_at_a_time, torch.inference_mode():
        x = torch.from_numpy(_floats(photo.pixels)).permute(2, 0, 1)[None].expand(-1, 3, -1, -1)
        damaged = kind.at(x.contiguous(), amount, torch.Generator().manual_seed(seed))
        out = (damaged.x[0] * 255).round().byte().permute(1, 2, 0)
        mask = (damaged.conditioning[0, 0] > 0).numpy() if name == "holes" else None
    grey = name == "grey" or (channels == 1 and bool((out == out[:, :, :1]).all()))
    pixels = np.ascontiguousarray((out[:, :, :1] if grey else out).numpy())
    alpha = photo.alpha
    if alpha is not None and alpha.dtype != np.uint8:
        alpha = (alpha // 257).astype(np.uint8)
    return DegradedPhoto(Photo(pixels, alpha, photo.notes), photo.pixels, mask)


def _downscale(photo: Photo, scale: int) -> DegradedPhoto:
    height, width = (side // scale for side in photo.pixels.shape[:2])
    if not height or not width:
        raise UserError(f"This photo is too small to be made {scale} times smaller.")
    whole = np.s_[: height * scale, : width * scale]
    alpha = photo.alpha
    if alpha is not None:
        alpha = resize(alpha[whole][:, :, None], height, width)[:, :, 0]
    small = Photo(resize(photo.pixels[whole], height, width), alpha, photo.notes)
    return DegradedPhoto(small, photo.pixels[whole], None)


def _floats(pixels: np.ndarray) -> np.ndarray:
    """(H, W, C) in [0, 1]."""
    return pixels.astype(np.float32) / np.iinfo(pixels.dtype).max
