"""JPEG compression of a whole batch of images at once, on any device, for training.

The lossy steps of baseline JPEG (ITU-T T.81) as in libjpeg: 8-bit YCbCr, chroma at half resolution,
an 8 x 8 cosine transform, quantisation by the tables of annex K, and back. It differs from libjpeg
in the rounding of its integer transforms.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.degradations.constants import LUMA, constant

_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMINANCE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip
"""Annex K, tables K.1 and K.2, row by row."""


def _cosines() -> tuple[float, ...]:
    """The transform of a block as a matrix (64 pixels, 64 coefficients), orthonormal."""
    one = [
        [math.sqrt((1 if k == 0 else 2) / 8) * math.cos((2 * i + 1) * k * math.pi / 16)
         for k in range(8)]
        for i in range(8)
    ]  # fmt: skip
    return tuple(
        one[y][v] * one[x][u]
        for y in range(8)
        for x in range(8)
        for v in range(8)
        for u in range(8)
    )


_DCT = _cosines()


def through_jpeg(x: Tensor, quality: Tensor) -> Tensor:
    """x (N, 3, H, W) in [0, 1] after JPEG compression at these qualities (N,), 1 to 100; in steps
    of 1/255."""
    height, width = x.shape[-2:]
    levels = (x * 255).round()
    levels = F.pad(levels, (0, -width % 16, 0, -height % 16), mode="replicate")
    y, colour = _to_ycc(levels)
    y = _quantised(y, _table(_LUMINANCE, quality))
    colour = _quantised(_halved(colour), _table(_CHROMINANCE, quality))
    colour = _doubled(colour[..., : -(-height // 2), : -(-width // 2)])
    return _to_rgb(y[..., :height, :width], colour[..., :height, :width]) / 255


def _to_ycc(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Levels (N, 3, H, W) -> Y (N, 1, H, W), and Cb and Cr (N, 2, H, W), in whole levels."""
    r, g, b = rgb.unbind(1)
    y = LUMA[0] * r + LUMA[1] * g + LUMA[2] * b
    cb = -0.168735892 * r - 0.331264108 * g + 0.5 * b + 128
    cr = 0.5 * r - 0.418687589 * g - 0.081312411 * b + 128
    return y.round()[:, None], torch.stack([cb, cr], 1).round().clamp(0, 255)


def _to_rgb(y: Tensor, colour: Tensor) -> Tensor:
    """The inverse of `_to_ycc`, in whole levels."""
    cb, cr = (colour - 128).unbind(1)
    luma = y[:, 0]
    r = luma + (1.402 * cr).round()
    g = luma + (-0.344136286 * cb - 0.714136286 * cr).round()
    b = luma + (1.772 * cb).round()
    return torch.stack([r, g, b], 1).clamp(0, 255)


def _halved(colour: Tensor) -> Tensor:
    """Means of 2 x 2 levels; halves are rounded down in every second column."""
    mean = F.avg_pool2d(colour, 2)
    return (mean + _by_column(mean, 0.25, 0.5)).floor()


def _doubled(colour: Tensor) -> Tensor:
    """Twice as large, by bilinear interpolation with weights 9, 3, 3 and 1 of 16."""
    large = F.interpolate(colour, scale_factor=2, mode="bilinear", align_corners=False)
    return (large + _by_column(large, 8 / 16, 7 / 16)).floor()


def _by_column(x: Tensor, even: float, odd: float) -> Tensor:
    """(1, 1, 1, W): what to add in even and in odd columns before rounding down."""
    return (
        constant((even, odd), x.device)
        .repeat((x.shape[-1] + 1) // 2)[: x.shape[-1]]
        .view(1, 1, 1, -1)
    )


def _table(base: tuple[int, ...], quality: Tensor) -> Tensor:
    """Steps of the 64 coefficients at these qualities (N,), as libjpeg scales them: (N, 64)."""
    quality = quality.round().clamp(1, 100)
    percent = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
    steps = constant(tuple(map(float, base)), quality.device)
    return ((steps * percent[:, None] + 50) / 100).floor().clamp(1, 255)


def _quantised(planes: Tensor, steps: Tensor) -> Tensor:
    """Levels (N, C, H, W), H and W multiples of 8, after their coefficients were rounded to
    multiples of `steps` (N, 64)."""
    n, c, h, w = planes.shape
    basis = constant(_DCT, planes.device).view(64, 64)
    blocks = (planes - 128).view(n, c, h // 8, 8, w // 8, 8).transpose(3, 4).reshape(n, -1, 64)
    scaled = blocks @ basis / steps[:, None]
    rounded = (scaled.abs() + 0.5).floor() * scaled.sign() * steps[:, None]
    back = (rounded @ basis.T).view(n, c, h // 8, w // 8, 8, 8).transpose(3, 4).reshape(n, c, h, w)
    return (back + 128).round().clamp(0, 255)
