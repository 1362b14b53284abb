"""Maps of two-dimensional codes as pictures: a dot per image in the colour of its class."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.images import encode_png
from aeviz.images.class_colours import CLASS_COLOURS

SIDE = 224
"""Pixels of a map."""
NARROWEST = 3.5
"""A map shows at least this many standard deviations of the prior on each side of the middle."""
KEPT = 0.99
"""Share of the codes that a map shows; the last few may lie very far out."""
GREY = (0.5, 0.5, 0.5, 0.8)
CIRCLE = 2.0
"""Radius of the circle: standard deviations of the prior N(0, I)."""


def half_width(z: Tensor) -> float:
    """How far a map of the codes z (N, 2) reaches from the middle to each side."""
    return max(NARROWEST, 1.05 * z.abs().amax(1).quantile(KEPT).item())


def scatter(z: Tensor, labels: Tensor) -> bytes:
    """Codes z (N, 2) and classes (N,) -> a PNG on a transparent ground, with the prior's circle."""
    picture = torch.zeros(4, SIDE, SIDE)
    half = half_width(z)
    _circle(picture, CIRCLE / half)
    colours = torch.tensor([_rgba(colour) for colour in CLASS_COLOURS])[labels % len(CLASS_COLOURS)]
    place = ((z / half + 1) / 2 * SIDE).floor().long()
    place[:, 1] = SIDE - 1 - place[:, 1]
    for right, down in ((0, 0), (0, 1), (1, 0), (1, 1)):
        x, y = place[:, 0] + right, place[:, 1] + down
        inside = (x >= 0) & (x < SIDE) & (y >= 0) & (y < SIDE)
        picture[:, y[inside], x[inside]] = colours[inside].T
    return encode_png(picture)


def _circle(picture: Tensor, radius: float) -> None:
    axis = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    distance = torch.hypot(axis[:, None], axis[None])
    picture[:, (distance - radius).abs() < 1.5 / SIDE] = torch.tensor(GREY)[:, None]


def _rgba(colour: str) -> tuple[float, float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, 1.0


def plane(side: int, reach: float = CIRCLE) -> Tensor:
    """Codes on a square grid from -reach to reach, (side^2, 2), from the top left to the bottom
    right as pictures are read."""
    axis = torch.linspace(-reach, reach, side)
    return torch.stack([axis.repeat(side), axis.flip(0).repeat_interleave(side)], 1)
