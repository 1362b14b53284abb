"""PSNR and SSIM of whole photographs, strip by strip: of any size in little memory."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import Final

import numpy as np
import torch
from torch import Tensor

from aeviz.evaluation import metrics

STRIP_PIXELS: Final = 1 << 18
WINDOW: Final = 11  # rows of SSIM's window (`metrics.ssim`)

Scores = dict[str, float]


def scores(x: np.ndarray, x_hat: np.ndarray) -> Scores:
    """{"psnr": dB, at most `metrics.PSNR_CAP`, "ssim": at most 1} of x_hat against x.

    Both are (H, W, C) of 8 or 16 bits; where one is grey and the other not, it is compared with
    each channel.
    """
    steps = scoring(x, x_hat)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def scoring(x: np.ndarray, x_hat: np.ndarray) -> Generator[None, None, Scores]:
    """As `scores`, a strip per step."""
    squares = similarity = 0.0
    height, width = x.shape[:2]
    channels = max(x.shape[2], x_hat.shape[2])
    places = 0
    for top, middle, bottom, windows in strips(height, width):
        one, other = _tensor(x[top:bottom], channels), _tensor(x_hat[top:bottom], channels)
        similarity += metrics.ssim(one, other).item() * windows
        places += windows
        own = middle - top  # rows that the next strip does not count again
        squares += metrics.mse(one[:, :, :own], other[:, :, :own]).item() * own
        yield
    psnr = -10 * math.log10(squares / height) if squares else math.inf
    return {
        "psnr": round(min(psnr, metrics.PSNR_CAP), 2),
        "ssim": round(similarity / places, 4),
    }


def strips(height: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """(top, top of the next one, bottom, rows of places of SSIM's window) of each strip.

    Windows lie wholly inside one strip, so that strips overlap by a window less a row.
    """
    window = min(WINDOW, height, width)
    window -= 1 - window % 2
    rows = max(1, STRIP_PIXELS // width)
    last = height - window + 1
    for top in range(0, last, rows):
        end = min(top + rows, last)
        yield top, height if end == last else end, end + window - 1, end - top


def _tensor(rows: np.ndarray, channels: int) -> Tensor:
    """(h, W, C) -> float (1, channels, h, W) in [0, 1]."""
    white = np.iinfo(rows.dtype).max
    x = torch.from_numpy(rows.astype(np.float32)).permute(2, 0, 1)[None] / white
    return x.expand(-1, channels, -1, -1).contiguous()
