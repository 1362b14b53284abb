"""How strong is the noise in a photograph? It is measured where the photograph itself is smooth."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

SIDE = 16
"""Blocks of SIDE x SIDE pixels."""

_BINS = (0, 3, 8, 11)
_PATCH = 8 * SIDE
_PATCHES = 64
_SMOOTHEST = 0.05
_UNCLIPPED = 0.7
_LEAST = 8
_ROUNDS = 4
_LEAST_TOLD, _MOST_TOLD = 5.0, 55.0
MAX_SIGMA = 100.0
"""More, on the 255 scale, is no noise: a drawing of black and white dots, say."""


def estimate_noise(pixels: np.ndarray) -> float:
    """The standard deviation of Gaussian-like noise in uint8 or uint16 (H, W, C), on the 255 scale.

    Per block, second differences along both axes (Immerkaer 1996) leave of a smooth photograph
    hardly anything but the noise; the blocks with the least texture count, as in Liu et al. 2013.
    Where noise is cut off at black and white it is weaker; how much weaker follows from the
    block's mean, so that it can be allowed for (Foi 2009). A photograph with sides below 16 pixels
    answers 0; no answer is above MAX_SIGMA. Large ones are sampled.
    """
    blocks = _blocks(pixels)
    if not len(blocks):
        return 0.0
    mean = blocks.mean((1, 2))
    power = _second_differences(blocks)
    texture = _texture(blocks)
    sigma = math.sqrt(np.median(power[_smallest(texture, len(texture) // 5)]))
    for _ in range(_ROUNDS):
        share = _share_left(mean, sigma)
        open_ = share >= min(_UNCLIPPED, np.sort(share)[-min(_LEAST, len(share))])
        share = share[open_]
        chosen = _smallest(texture[open_] / share, round(_SMOOTHEST * len(texture)))
        sigma = math.sqrt(np.median(power[open_][chosen] / share[chosen]))
    return min(sigma, MAX_SIGMA)


def noise_to_tell(pixels: np.ndarray) -> float:
    """The level that a restorer is told for uint8 or uint16 (H, W, C): the estimate, or 0, which
    leaves it to the network, where so little noise may as well be texture; never more than
    restorers have learnt."""
    found = estimate_noise(pixels)
    return min(found, _MOST_TOLD) if found >= _LEAST_TOLD else 0.0


def _blocks(pixels: np.ndarray) -> np.ndarray:
    """float32 (N, SIDE, SIDE) on the 255 scale: all channels of patches spread over the photo."""
    height, width, channels = pixels.shape
    across = math.isqrt(_PATCHES)
    parts = []
    for top in _starts(height, across):
        for left in _starts(width, across):
            part = pixels[top : top + _PATCH, left : left + _PATCH]
            h, w = part.shape[0] // SIDE, part.shape[1] // SIDE
            part = part[: h * SIDE, : w * SIDE].reshape(h, SIDE, w, SIDE, channels)
            parts.append(part.transpose(0, 2, 4, 1, 3).reshape(-1, SIDE, SIDE))
    return np.concatenate(parts).astype(np.float32) * (255 / np.iinfo(pixels.dtype).max)


def _starts(length: int, most: int) -> list[int]:
    """Where up to `most` patches begin: side by side where they fill the length, else spread."""
    if length <= most * _PATCH:
        return list(range(0, length, _PATCH))
    return [i * (length - _PATCH) // (most - 1) for i in range(most)]


def _second_differences(blocks: np.ndarray) -> np.ndarray:
    """(N,): the mean square of [1 -2 1] along both axes; of white noise, its variance."""
    d = blocks[:, :, :-2] - 2 * blocks[:, :, 1:-1] + blocks[:, :, 2:]
    d = d[:, :-2] - 2 * d[:, 1:-1] + d[:, 2:]
    return np.square(d).mean((1, 2)) / 36


def _texture(blocks: np.ndarray) -> np.ndarray:
    """(N,): the variance of means over a few pixels. Their number changes, so that no pattern
    that repeats itself falls into step."""
    sums = np.add.reduceat(np.add.reduceat(blocks, _BINS, axis=1), _BINS, axis=2)
    widths = np.diff([*_BINS, SIDE])
    return (sums / np.outer(widths, widths).astype(np.float32)).var((1, 2))


def _smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Where the `count` smallest lie, or a few more than that where it is next to none."""
    count = min(max(count, _LEAST), len(values))
    return np.argpartition(values, count - 1)[:count]


def _share_left(mean: np.ndarray, sigma: float) -> np.ndarray:
    """Of noise of this sigma, the share of the variance that clipping to 0..255 leaves, in blocks
    that have these means when clipped. At least 0.01."""
    sigma = max(sigma, 0.1)
    mu = np.linspace(-4 * sigma, 255 + 4 * sigma, 400)
    a, b = -mu / sigma, (255 - mu) / sigma
    inside, above = ndtr(b) - ndtr(a), 1 - ndtr(b)
    first = mu * inside + sigma * (_density(a) - _density(b)) + 255 * above
    second = (mu**2 + sigma**2) * inside + 255**2 * above
    second += sigma * (_density(a) * mu - _density(b) * (mu + 255))
    share = (second - first**2) / sigma**2
    return np.interp(mean, first, share).clip(0.01, 1)


def _density(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
