"""Recognise noise-free images that are not photographs: drawings, QR codes, screenshots, dither."""

from __future__ import annotations

from typing import Literal

import numpy as np

from aeviz.restoration.noise_level import SIDE, sampled

Kind = Literal["", "two values", "drawing"]

_FEW = 16
_PIXELS = 1_000
"""Images with fewer pixels are not judged."""
_COMMONEST, _THEIR_SHARE = 8, 0.6
_FLAT = 0.25
_CONTRAST = 0.2  # a dark photograph has few values, too, but all alike
_SMALL_STEP = 1 / 8
_MOSTLY_SMALL = 0.4
"""In drawings and screenshots 0 to 25 % of the steps between different neighbours are small; in
brightened grainy photographs with only 11 to 40 values, 50 to 99 %."""


def kind_of(pixels: np.ndarray) -> Kind:
    """The kind of uint8 or uint16 (H, W, C); "" for a photograph.

    "two values": nearly all pixels have one of two colours. "drawing": there are at most 16
    colours, or a few colours cover most of the image in flat areas, even near edges, as in a
    screenshot; and the edges are high. A brightened dark photograph has few colours, too, but
    changes from one to the next in small steps. Large images are sampled.
    """
    if pixels.shape[0] * pixels.shape[1] < _PIXELS:
        return ""
    parts = [_numbered(part) for part, _ in sampled(pixels)]
    colours, counts = np.unique(
        np.concatenate([part.ravel() for part in parts]), return_counts=True
    )
    order = np.argsort(counts)[::-1]
    colours, counts, total = colours[order], counts[order], counts.sum()
    if _contrast(colours[:_COMMONEST], pixels) < _CONTRAST:
        return ""
    if counts[:2].sum() >= 0.999 * total:
        return "two values"
    few = len(colours) <= _FEW
    if not few and counts[:_COMMONEST].sum() < _THEIR_SHARE * total:
        return ""
    flat = [share for part in parts for share in _flat_shares(part)]
    if not few and not (flat and np.median(flat) > _FLAT):
        return ""
    return "drawing" if _small_steps(pixels) < _MOSTLY_SMALL else ""


def _numbered(part: np.ndarray) -> np.ndarray:
    """(h, w): each colour packed into one number."""
    numbers = part[:, :, 0].astype(np.int64)
    for channel in range(1, part.shape[2]):
        numbers = numbers << 16 | part[:, :, channel]
    return numbers


def _contrast(numbers: np.ndarray, pixels: np.ndarray) -> float:
    """The largest range of these colours in any channel, as a fraction of its full range."""
    channels = (numbers >> 16 * channel & 0xFFFF for channel in range(pixels.shape[2]))
    return float(max(np.ptp(values) for values in channels) / np.iinfo(pixels.dtype).max)


def _small_steps(pixels: np.ndarray) -> float:
    """The share of steps between different neighbours in a row that are at most an eighth of the
    image's range."""
    small = (int(pixels.max()) - int(pixels.min())) * _SMALL_STEP
    parts = (np.abs(np.diff(part.astype(np.int32), axis=1)).max(2) for part, _ in sampled(pixels))
    steps = np.concatenate([part[part > 0] for part in parts])
    return float(np.mean(steps <= small)) if steps.size else 0.0


def _flat_shares(part: np.ndarray) -> np.ndarray:
    """For each block that is not entirely flat, the share of pixels that equal those to the right
    and below."""
    h, w = ((side - 1) // SIDE * SIDE for side in part.shape)
    here = part[:h, :w]
    flat = (here == part[1 : h + 1, :w]) & (here == part[:h, 1 : w + 1])
    shares = flat.reshape(h // SIDE, SIDE, w // SIDE, SIDE).mean((1, 3)).ravel()
    return shares[shares < 1]
