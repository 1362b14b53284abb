"""Lossy compression of codes: rotate, round to a grid, count bits.

A code z is decoded to an image. A small change dz changes the image by about dz^T G dz, where G is
the mean of J^T J and J is the decoder's Jacobian. The transform y = V^T G^(1/2) (z - mean), with V
the principal directions of G^(1/2) z, makes every direction of y equally important to the image and
leaves no correlation between them. So one step size suits all: it is the classic transform code
(Goyal 2001, "Theoretical foundations of transform coding"). For PCA, G = I and y = z.

Each column of y has its own histogram, from training codes. A cell is decoded to the mean of the
training codes in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aeviz.evaluation.entropy_coding import Histogram, Symbols, histogram

MAX_CELLS = 4096
"""Limit of the number of cells in one direction, so that their histogram can be learned."""
SMALLEST = 1e-6
"""Directions that matter less than this share of the most important one are left out."""

Decode = Callable[[Tensor], Tensor]


@torch.no_grad()
def sensitivity(decode: Decode, z: Tensor) -> Tensor:
    """G (d, d) float64: the mean of J^T J at the codes z (N, d), J the Jacobian of `decode`.

    Each column of J is a central difference over a tenth of that direction's standard deviation.
    """
    steps = z.std(0).clamp_min(1e-6) / 10
    columns = []
    for i, step in enumerate(steps):
        shift = torch.zeros_like(z[0])
        shift[i] = step
        columns.append((decode(z + shift) - decode(z - shift)).flatten() / (2 * step))
    j = torch.stack(columns).double()
    return j @ j.T / len(z)


@dataclass(frozen=True)
class Transform:
    """y = (z - mean) @ forward; z = y @ backward + mean. All float64."""

    mean: Tensor
    forward: Tensor
    backward: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        return (z.double() - self.mean) @ self.forward

    def inverse(self, y: Tensor) -> Tensor:
        return (y @ self.backward + self.mean).float()


def fit_transform(z: Tensor, g: Tensor) -> Transform:
    """The transform of training codes z (N, d) for a decoder with sensitivity g (d, d)."""
    mean = z.double().mean(0)
    values, vectors = torch.linalg.eigh(g)
    kept = values > SMALLEST * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    scale = vectors * values.sqrt()  # (d, r): z -> coordinates in which the image's error is round
    y = (z.double() - mean) @ scale
    _, _, directions = torch.linalg.svd(y, full_matrices=False)
    back = directions @ (vectors / values.sqrt()).T
    return Transform(mean, scale @ directions.T, back)


@dataclass(frozen=True)
class Quantizer:
    """A grid of cells `step` wide, a histogram per direction, and the value of each cell."""

    step: float
    histograms: list[Histogram]
    values: list[NDArray[np.float64]]

    def symbols(self, y: Tensor) -> Symbols:
        """(N, r) -> the cell of each number, (N, r); numbers outside the grid take the nearest
        cell."""
        cells = _cells(y, self.step)
        columns = [one.clipped(cells[:, i]) for i, one in enumerate(self.histograms)]
        return np.stack(columns, 1)

    def bits(self, symbols: Symbols) -> float:
        """The mean number of bits of a row."""
        each = [one.bits(symbols[:, i]).mean() for i, one in enumerate(self.histograms)]
        return float(sum(each))

    def decoded(self, symbols: Symbols) -> Tensor:
        """The values of the cells, (N, r) float64."""
        columns = [
            values[symbols[:, i] - one.low]
            for i, (one, values) in enumerate(zip(self.histograms, self.values, strict=True))
        ]
        return torch.from_numpy(np.stack(columns, 1))

    @property
    def table_numbers(self) -> int:
        """The number of counts and values that a receiver needs."""
        return 2 * sum(len(one.counts) for one in self.histograms)


def fit_quantizer(y: Tensor, step: float) -> Quantizer:
    """The quantizer of training numbers y (N, r) with this step."""
    cells = _cells(y, step)
    histograms = [histogram(column) for column in cells.T]
    values = []
    for i, one in enumerate(histograms):
        places = cells[:, i] - one.low
        inside = np.bincount(places, minlength=len(one.counts))
        sums = np.bincount(places, y[:, i].numpy(), minlength=len(one.counts))
        middle = (one.low + np.arange(len(one.counts))) * step
        values.append(np.where(inside, sums / np.maximum(inside, 1), middle))
    return Quantizer(step, histograms, values)


def _cells(y: Tensor, step: float) -> Symbols:
    rounded: Symbols = np.rint(y.numpy() / step).astype(np.int64)
    return rounded


def at_rates(
    y: Tensor, other: Tensor, rates: tuple[float, ...], tries: int = 12
) -> list[Quantizer]:
    """For each rate (bits per row of `other`), the quantizer of training numbers y with the
    smallest step that does not exceed the rate, found by bisection of log step."""
    widest = float((y.amax(0) - y.amin(0)).max())
    found = []
    for rate in rates:
        low, high = np.log(widest / MAX_CELLS), np.log(2 * widest)
        for _ in range(tries):
            middle = (low + high) / 2
            one = fit_quantizer(y, float(np.exp(middle)))
            over = one.bits(one.symbols(other)) > rate
            low, high = (middle, high) if over else (low, middle)
        found.append(fit_quantizer(y, float(np.exp(high))))
    return found
