"""The table of degradations: names, units, strengths and functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from aeviz.config import DegradationKind
from aeviz.degradations import marks, pixels


class Degraded(NamedTuple):
    """x (N, 3, H, W): the degraded image, in steps of 1/255.

    conditioning (N, 1, H, W): input of the restorer (`Restorer.forward`). where (N, 1, H, W): how
    much each pixel was changed, 0 to 1, for degradations that leave part of the image untouched;
    else 1 everywhere.
    """

    x: Tensor
    conditioning: Tensor
    where: Tensor


Apply = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor | None, Tensor | None]]


@dataclass(frozen=True)
class Degradation:
    """A row of the table: `label` and `unit` of the strength (amount), which lies between low and
    high.

    `apply(x, amount (N,), generator)` returns x, conditioning and where, None for the defaults.
    `vary` does the same for training, with more variety than measurements need. Training draws
    amounts uniformly from `train`, makes a share `grey` of its images grey first, and weights
    errors outside the changed part by `outside`. `views`: the number of flipped and rotated views,
    1, 2 or 4, whose restorations are averaged (self-ensemble, Lim et al. 2017); takes as many times
    longer.
    """

    name: DegradationKind
    label: str
    unit: str
    low: float
    high: float
    default: float
    train: tuple[float, float]
    apply: Apply
    vary: Apply | None = None
    grey: float = 0.15
    outside: float = 1.0
    views: int = 1

    def at(self, x: Tensor, amount: float, generator: torch.Generator) -> Degraded:
        """x (N, 3, H, W) in [0, 1] degraded with this amount; the result depends on the generator
        alone."""
        amounts = torch.full((len(x),), float(amount), device=x.device)
        return _damaged(x, *self.apply(x, amounts, generator))

    def draw(self, x: Tensor, generator: torch.Generator) -> Degraded:
        """x (N, 3, H, W) in [0, 1], each image degraded with a random amount. On any device, which
        must be the generator's, too; does not wait for a GPU."""
        low, high = self.train
        u = torch.rand(len(x), generator=generator, device=x.device)
        amounts = low + (high - low) * u
        return _damaged(x, *(self.vary or self.apply)(x, amounts, generator))


def _damaged(
    x: Tensor, x_in: Tensor, conditioning: Tensor | None, where: Tensor | None
) -> Degraded:
    x_in = (x_in.clamp(0, 1) * 255).round() / 255
    conditioning = torch.zeros_like(x[:, :1]) if conditioning is None else conditioning
    return Degraded(x_in, conditioning, torch.ones_like(x[:, :1]) if where is None else where)


DEGRADATIONS: dict[str, Degradation] = {
    degradation.name: degradation
    for degradation in (
        Degradation(
            "noise", "Noise", "σ of 255", 0, 55, 25, (0, 55), pixels.noise, pixels.any_noise, 0.6,
            views=2,
        ),
        Degradation(
            "impulse", "Pixels lost", "%", 0, 50, 30, (1, 50), pixels.salt_and_pepper,
            pixels.any_impulse,
        ),
        Degradation(
            "watermark", "Opacity", "%", 30, 80, 50, (20, 80), marks.watermark, marks.any_watermark,
            views=4,
        ),
        Degradation(
            "holes", "Stroke", "px", 2, 30, 14, (2, 24), marks.holes, marks.any_holes,
            outside=0.0, views=4,
        ),
        Degradation(
            "x2", "Smaller by", "×", 2, 2, 2, (2, 2), partial(pixels.shrink, scale=2), views=2,
        ),
        Degradation(
            "x4", "Smaller by", "×", 4, 4, 4, (4, 4), partial(pixels.shrink, scale=4), views=2,
        ),
        Degradation("jpeg", "Quality", "", 5, 60, 10, (8, 45), pixels.jpeg, pixels.any_jpeg),
        Degradation("grey", "Colour left", "%", 0, 0, 0, (0, 0), pixels.grey, None, 0.0),
    )
}  # fmt: skip
