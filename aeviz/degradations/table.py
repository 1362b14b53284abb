"""The table of damages, and what each of them is called and measured in."""

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
    """x (N, 3, H, W), the damaged picture, in steps of 1/255.

    known (N, 1, H, W): what a restorer is told (`Restorer.forward`). where (N, 1, H, W): above 0
    (and up to 1, how far) where the picture was touched, for damages that leave some of it alone;
    else all 1.
    """

    x: Tensor
    known: Tensor
    where: Tensor


Apply = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor | None, Tensor | None]]


@dataclass(frozen=True)
class Degradation:
    """A damage: `label` and `unit` of its amount, which lies between low and high.

    `apply(x, amount (N,), generator)` answers x, known and where, None for the usual ones.
    `vary` does the same for training, with a variety that a measurement does not need.
    `train` is the range that training draws amounts from, uniformly; `grey` the share of its
    pictures that are made grey first; errors outside what was touched count `outside` times there.
    `views`: 1, or 2 or 4 where the answer is the mean of what a restorer makes of the picture and
    of it turned and mirrored (Lim et al. 2017), for that much more time.
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
        """x (N, 3, H, W) in [0, 1] damaged by this amount; the same generator, the same damage."""
        amounts = torch.full((len(x),), float(amount), device=x.device)
        return _damaged(x, *self.apply(x, amounts, generator))

    def draw(self, x: Tensor, generator: torch.Generator) -> Degraded:
        """x (N, 3, H, W) in [0, 1], each picture damaged by an amount of its own. On any device,
        which `generator` is on too; on a GPU nothing waits for it."""
        low, high = self.train
        u = torch.rand(len(x), generator=generator, device=x.device)
        amounts = low + (high - low) * u
        return _damaged(x, *(self.vary or self.apply)(x, amounts, generator))


def _damaged(x: Tensor, x_in: Tensor, known: Tensor | None, where: Tensor | None) -> Degraded:
    x_in = (x_in.clamp(0, 1) * 255).round() / 255
    known = torch.zeros_like(x[:, :1]) if known is None else known
    return Degraded(x_in, known, torch.ones_like(x[:, :1]) if where is None else where)


DEGRADATIONS: dict[str, Degradation] = {
    damage.name: damage
    for damage in (
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
