"""PSNR and SSIM of whole photographs, block by block: any size in little memory, in blocks that
fit into a processor's cache."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from aeviz.evaluation import metrics

SIDE: Final = 256  # of a block; with 1024, SSIM takes four times as long per pixel
WINDOW: Final = 11  # pixels of SSIM's window (`metrics.ssim`)

Scores = dict[str, float]


class Span(NamedTuple):
    """Pixels start <= i < end; those before `own` belong to no other span. `places`: the positions
    of SSIM's window that lie wholly inside."""

    start: int
    own: int
    end: int
    places: int


def scores(x: np.ndarray, x_hat: np.ndarray) -> Scores:
    """{"psnr": dB, at most `metrics.PSNR_CAP`, "ssim": at most 1} of x_hat against x.

    Both are (H, W, C) of 8 or 16 bits; if one is grey and the other is not, the grey one is
    compared with each channel.
    """
    steps = scoring(x, x_hat)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def scoring(x: np.ndarray, x_hat: np.ndarray) -> Generator[None, None, Scores]:
    """As `scores`, but yields after each row of blocks."""
    squares = similarity = 0.0
    height, width = x.shape[:2]
    channels = max(x.shape[2], x_hat.shape[2])
    places = 0
    for rows in spans(height, min(height, width)):
        for columns in spans(width, min(height, width)):
            place = np.s_[rows.start : rows.end, columns.start : columns.end]
            one, other = _tensor(x[place], channels), _tensor(x_hat[place], channels)
            weight = rows.places * columns.places
            similarity += metrics.ssim(one, other).item() * weight
            places += weight
            h, w = rows.own - rows.start, columns.own - columns.start
            squares += metrics.mse(one[..., :h, :w], other[..., :h, :w]).item() * h * w
        yield
    psnr = -10 * math.log10(squares / (height * width)) if squares else math.inf
    return {
        "psnr": round(min(psnr, metrics.PSNR_CAP), 2),
        "ssim": round(similarity / places, 4),
    }


def spans(length: int, shorter_side: int) -> Iterator[Span]:
    """0..length in overlapping spans, so that each position of SSIM's window lies in exactly one.

    The window is never larger than `shorter_side`, the photograph's shorter side.
    """
    window = min(WINDOW, shorter_side)
    window -= 1 - window % 2
    last = length - window + 1
    for start in range(0, last, SIDE):
        end = min(start + SIDE, last)
        yield Span(start, length if end == last else end, end + window - 1, end - start)


def _tensor(pixels: np.ndarray, channels: int) -> Tensor:
    """(h, w, C) -> float (1, channels, h, w) in [0, 1]."""
    white = np.iinfo(pixels.dtype).max
    x = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] / white
    return x.expand(-1, channels, -1, -1).contiguous()
