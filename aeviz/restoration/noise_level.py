"""Estimate the noise level of a photograph from its smoothest blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.fft import dctn
from scipy.special import ndtr

from aeviz.degradations.constants import LUMA

SIDE = 16
"""Blocks of SIDE x SIDE pixels."""

_BINS = (0, 3, 8, 11)
_PATCH = 8 * SIDE
_PATCHES = 64
_SMOOTHEST = 0.05
_UNCLIPPED = 0.7
_MIN_BLOCKS = 8
_ROUNDS = 4
_TINTED = 0.98
_MIN_COARSE = 0.8
_COARSE = (1.5, 8.0)
_SMOOTH, _QUIET = 2.0, 3.0
_SHARED = 0.35
"""If the channels have independent noise, red or blue minus green has 1.41 times the noise of each;
after JPEG with chroma subsampling, 0.1 times."""
_LUMA = np.array(LUMA, np.float32)[:, None]
_FINE = np.add.outer(np.arange(8), np.arange(8)) >= 8
_NIL, _MORE_NIL = 0.7, 0.6
"""After JPEG compression strong enough to lower the estimate from single pixels by a fifth or more,
at least 60 % more of the highest DCT coefficients of 8 x 8 blocks are below 0.7 than in white
noise."""
_MIN_LEVEL, _MAX_LEVEL = 5.0, 55.0
MAX_SIGMA = 100.0
"""More than this, on the 255 scale, is not noise but, say, a drawing of black and white dots."""


@dataclass(frozen=True)
class Noise:
    """The noise of a photograph.

    sigma: on the 255 scale. coarse: the noise is correlated between neighbouring pixels, as after
    JPEG, enlarging or a camera's noise filter, and sigma is a rough estimate. known: there was
    enough to measure. partial: JPEG has removed part of the noise, either high frequencies or the
    differences between red, green and blue, and sigma measures only the rest. If the channels have
    independent white noise, the part common to all has 0.668 sigma.
    """

    sigma: float
    coarse: bool = False
    known: bool = True
    partial: bool = False


def estimate_noise(pixels: np.ndarray, alpha: np.ndarray | None = None) -> float:
    """The sigma of `measure_noise`."""
    return measure_noise(pixels, alpha).sigma


def measure_noise(pixels: np.ndarray, alpha: np.ndarray | None = None) -> Noise:
    """The standard deviation of Gaussian-like noise in uint8 or uint16 (H, W, C), on the 255 scale,
    where alpha (H, W) is not 0.

    Second differences along both axes of a block (Immerkaer 1996) remove nearly everything except
    the noise if the photograph is smooth there; only the blocks with the least texture are used, as
    in Liu et al. 2013. Clipping at black and white weakens the noise by a factor that follows from
    the block's mean, and this is corrected (Foi 2009). In a tinted grey photograph the noisiest
    channel is used, since the others are weaker copies.

    Averaging 2 x 2 pixels weakens coarse noise less than white noise. The level of coarse noise
    lies between those of pixels twice and four times as large. If JPEG has rounded high frequencies
    away, the level is that of pixels twice as large. The result is 0 for sides below 16 pixels, and
    at most MAX_SIGMA. Large photographs are sampled.
    """
    patches = list(_patches(pixels, alpha))
    if not any(len(patch.blocks()) for patch in patches):
        return Noise(0.0, known=False)
    sigma = _sigma(patches)
    if _is_tinted(patches):
        channels = range(patches[0].values.shape[2])
        sigma = max(_sigma([patch.channel(n) for patch in patches]) for n in channels)
    if sigma < _MIN_COARSE:
        return Noise(sigma)
    whole = [patch.quiet(sigma) for patch in patches]
    patches = [patch.halved() for patch in whole]
    half, texture = _levels(patches)
    cut = _is_cut(whole, max(sigma, 2 * half))
    partial = cut or _is_shared(whole, sigma)
    if not 1 < 2 * half / sigma < _COARSE[1] or texture > _SMOOTH * half:
        return Noise(sigma, partial=partial)  # white, or no block is smooth enough to tell
    if 2 * half < _COARSE[0] * sigma:
        return Noise(2 * half if cut else sigma, partial=partial)
    quarter, _ = _levels([patch.halved() for patch in patches])
    coarse = math.sqrt(2 * half * min(max(4 * quarter, 2 * half), 4 * half))
    return Noise(min(coarse, MAX_SIGMA), True, partial=partial)


@dataclass(frozen=True)
class _Patch:
    """values: float32 (h, w, C) on the 255 scale. seen: bool (h, w), which pixels to use, or None
    for all."""

    values: np.ndarray
    seen: np.ndarray | None

    def channel(self, number: int) -> _Patch:
        return _Patch(self.values[:, :, number : number + 1], self.seen)

    def halved(self) -> _Patch:
        """The means of 2 x 2 pixels."""
        h, w = (side // 2 for side in self.values.shape[:2])

        def grouped(x: np.ndarray) -> np.ndarray:
            return x[: 2 * h, : 2 * w].reshape(h, 2, w, 2, *x.shape[2:])

        seen = None if self.seen is None else np.asarray(grouped(self.seen).all((1, 3)))
        return _Patch(grouped(self.values).mean((1, 3)), seen)

    def quiet(self, sigma: float) -> _Patch:
        """Use only blocks with little more than this noise; the others contain texture."""
        h, w = (side // SIDE for side in self.values.shape[:2])
        every = _Patch(self.values, None).blocks()
        power = _second_differences(every).reshape(h, w, -1).mean(2)
        seen = np.zeros(self.values.shape[:2], bool)
        calm = power <= _QUIET * sigma**2
        seen[: h * SIDE, : w * SIDE] = calm.repeat(SIDE, 0).repeat(SIDE, 1)
        return _Patch(self.values, seen if self.seen is None else seen & self.seen)

    def blocks(self) -> np.ndarray:
        """(N, SIDE, SIDE), the blocks whose pixels are all used."""
        h, w, channels = (
            n // size for n, size in zip(self.values.shape, (SIDE, SIDE, 1), strict=True)
        )
        cut = self.values[: h * SIDE, : w * SIDE].reshape(h, SIDE, w, SIDE, channels)
        blocks = cut.transpose(0, 2, 4, 1, 3)
        if self.seen is not None:
            seen = self.seen[: h * SIDE, : w * SIDE].reshape(h, SIDE, w, SIDE).all((1, 3))
            blocks = blocks[seen]
        return blocks.reshape(-1, SIDE, SIDE)


def _is_tinted(patches: list[_Patch]) -> bool:
    """Whether all channels are the same image, each scaled by its own factor."""
    if not patches or patches[0].values.shape[2] == 1 or _is_grey(patches):
        return False
    rows = _some_colours(patches).T
    return bool((rows.std(axis=1) >= 1).all() and np.corrcoef(rows).min() > _TINTED)


def _is_grey(patches: list[_Patch]) -> bool:
    """Whether red, green and blue are the same."""
    return bool(np.ptp(_some_colours(patches), axis=1).max() < 1)


def _some_colours(patches: list[_Patch]) -> np.ndarray:
    """Sampled colours (N, 3), spread over the patches."""
    return np.concatenate([patch.values[::5, ::3].reshape(-1, 3) for patch in patches])


def _is_shared(patches: list[_Patch], sigma: float) -> bool:
    """Whether red and blue have hardly any noise of their own, beyond that of green."""
    if patches[0].values.shape[2] == 1 or _is_tinted(patches) or _is_grey(patches):
        return False
    differences = [
        _Patch((patch.values[:, :, ::2] - patch.values[:, :, 1:2]) / 2 + 128, patch.seen)
        for patch in patches
    ]
    return 2 * _sigma(differences) < _SHARED * sigma


def _is_cut(patches: list[_Patch], sigma: float) -> bool:
    """Whether the highest DCT coefficients of 8 x 8 blocks are near 0 more often than in noise of
    this sigma: JPEG rounds them to 0."""
    grey = [
        _Patch(patch.values @ _LUMA, patch.seen) if patch.values.shape[2] == 3 else patch
        for patch in patches
    ]
    blocks = np.concatenate([patch.blocks() for patch in grey])
    blocks = blocks.reshape(-1, 2, 8, 2, 8).swapaxes(2, 3).reshape(-1, 8, 8)
    blocks = blocks[blocks.var((1, 2)) > sigma**2 / 4]  # leaves out pure black and white
    if not len(blocks):
        return False
    waves = np.abs(dctn(blocks, axes=(1, 2), norm="ortho"))[:, _FINE]
    expected = 2 * ndtr(_NIL / sigma) - 1
    return bool(np.mean(waves < _NIL) > expected + _MORE_NIL)


def _sigma(patches: list[_Patch]) -> float:
    return _levels(patches)[0]


def _levels(patches: list[_Patch]) -> tuple[float, float]:
    """The noise sigma, and the standard deviation of local means in the blocks that were used."""
    blocks = np.concatenate([patch.blocks() for patch in patches] or [np.empty((0, SIDE, SIDE))])
    if not len(blocks):
        return 0.0, 0.0
    mean = blocks.mean((1, 2))
    power = _second_differences(blocks)
    texture = _texture(blocks)
    sigma = math.sqrt(np.median(power[_smallest(texture, len(texture) // 5)]))
    for _ in range(_ROUNDS):
        share = _share_left(mean, sigma)
        open_ = share >= min(_UNCLIPPED, np.sort(share)[-min(_MIN_BLOCKS, len(share))])
        share = share[open_]
        chosen = _smallest(texture[open_] / share, round(_SMOOTHEST * len(texture)))
        sigma = math.sqrt(np.median(power[open_][chosen] / share[chosen]))
    return min(sigma, MAX_SIGMA), math.sqrt(np.median(texture[open_][chosen]))


def noise_level_for(found: float) -> float:
    """The noise level passed to the restorer for this estimate.

    It is 0, which leaves the level to the network, if the estimate is so low that it may be
    texture, and at most the highest level that restorers were trained on.
    """
    return min(found, _MAX_LEVEL) if found >= _MIN_LEVEL else 0.0


def sampled(
    pixels: np.ndarray, alpha: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Patches of at most 128 x 128, spread over the photograph, with their alpha."""
    height, width = pixels.shape[:2]
    across = math.isqrt(_PATCHES)
    for top in _starts(height, across):
        for left in _starts(width, across):
            place = np.s_[top : top + _PATCH, left : left + _PATCH]
            yield pixels[place], None if alpha is None else alpha[place]


def _patches(pixels: np.ndarray, alpha: np.ndarray | None) -> Iterator[_Patch]:
    for part, part_alpha in sampled(pixels, alpha):
        if min(part.shape[:2]) >= SIDE:
            values = part.astype(np.float32) * np.float32(255 / np.iinfo(pixels.dtype).max)
            yield _Patch(values, None if part_alpha is None else part_alpha > 0)


def _starts(length: int, count: int) -> list[int]:
    """Starts of up to `count` patches: side by side if they cover the length, else spread out."""
    if length <= count * _PATCH:
        return list(range(0, length, _PATCH))
    # In steps of 8, aligned with the blocks of JPEG files.
    return [i * (length - _PATCH) // (count - 1) // 8 * 8 for i in range(count)]


def _second_differences(blocks: np.ndarray) -> np.ndarray:
    """(N,): the mean square after the filter [1 -2 1] along both axes, scaled so that white noise
    gives its variance."""
    d = blocks[:, :, :-2] - 2 * blocks[:, :, 1:-1] + blocks[:, :, 2:]
    d = d[:, :-2] - 2 * d[:, 1:-1] + d[:, 2:]
    return np.square(d).mean((1, 2)) / 36


def _texture(blocks: np.ndarray) -> np.ndarray:
    """(N,): the variance of local means over cells of different sizes, so that the cells do not
    align with a repeating pattern."""
    sums = np.add.reduceat(np.add.reduceat(blocks, _BINS, axis=1), _BINS, axis=2)
    widths = np.diff([*_BINS, SIDE])
    return (sums / np.outer(widths, widths).astype(np.float32)).var((1, 2))


def _smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Indices of the `count` smallest values, but at least _MIN_BLOCKS of them."""
    count = min(max(count, _MIN_BLOCKS), len(values))
    return np.argpartition(values, count - 1)[:count]


def _share_left(mean: np.ndarray, sigma: float) -> np.ndarray:
    """The share of the variance of noise of this sigma that is left after clipping to 0..255, in
    blocks with these means after clipping. At least 0.01."""
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
