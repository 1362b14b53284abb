"""Generated shapes whose true factors are known, after dSprites, in grey or in colour.

dSprites: Matthey et al., "dSprites: Disentanglement testing Sprites dataset", 2017. Here the
factors are drawn independently and uniformly instead of from a grid, edges are antialiased, and
two ranges are narrower so that each image has one set of factors only: rotation stays below the
90 degrees after which a square repeats itself, and hue runs from red to blue without closing the
circle.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from pathlib import Path

import torch
from torch import Tensor

from aeviz.datasets.base import Progress, Source, Split, Splits
from aeviz.datasets.splitting import cut

SIZE = 32  # pixels
SEED = 0
CLASS_NAMES = ("square", "ellipse", "heart")

FACTORS: dict[str, tuple[float, float]] = {
    "scale": (0.5, 1.0),  # of the largest
    "rotation": (0.0, 90.0),  # degrees, anticlockwise
    "x": (0.0, 1.0),  # centre, left to right
    "y": (0.0, 1.0),  # centre, top to bottom
    "colour": (0.0, 240.0),  # hue in degrees: red, yellow, green, cyan, blue
}
LARGEST = 12.0  # pixels: the square root of a shape's area at scale 1
REACH = 6.5  # pixels: how far a centre may lie from the middle, so that no shape is cut off
ELLIPSE_ASPECT = 1.7
CHUNK = 100  # images drawn at once: their intermediate results fit the processor's cache


def square_distance(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance to the square of area 1 around the origin."""
    across, up = u.abs() - 0.5, v.abs() - 0.5
    outside = torch.hypot(across.clamp(min=0), up.clamp(min=0))
    return outside + torch.maximum(across, up).clamp(max=0)


def ellipse_distance(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance, exact to first order at the edge, to an ellipse of area 1, long in u."""
    a, b = sqrt(ELLIPSE_ASPECT / pi), sqrt(1 / (ELLIPSE_ASPECT * pi))
    tiny = 1e-9  # keeps the quotient finite, and negative, at the centre
    level = torch.hypot(u / a, v / b) + tiny
    slope = torch.hypot(u / a**2, v / b**2) + tiny
    return (level - 1) * level / slope


def heart_distance(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance to a heart of area 1, tip down, with its centre of mass at the origin.

    A square on its corner under two half discs; the distance is I. Quilez' `sdHeart`
    (https://iquilezles.org/articles/distfunctions2d), which has the tip at the origin.
    """
    area = 0.5 + pi / 8
    lobes = 0.75 + 1 / (3 * pi)  # height of the half discs' centre of mass
    centre = (0.5 * 0.5 + pi / 8 * lobes) / area
    x, y = u.abs() * sqrt(area), v * sqrt(area) + centre
    lobe = torch.hypot(x - 0.25, y - 0.75) - sqrt(2) / 4
    along = 0.5 * (x + y).clamp(min=0)
    below = torch.minimum(torch.hypot(x, y - 1), torch.hypot(x - along, y - along))
    return torch.where(x + y > 1, lobe, below * torch.sign(x - y)) / sqrt(area)


DISTANCES: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    square_distance,
    ellipse_distance,
    heart_distance,
)


def coverage(shape: Tensor, scale: Tensor, rotation: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """How much of each pixel its shape covers, in [0, 1]: (N,) factors -> (N, 32, 32)."""
    pixel = torch.arange(SIZE, dtype=torch.float64) - (SIZE - 1) / 2
    side = (scale * LARGEST).view(-1, 1, 1)
    right = pixel - ((2 * x - 1) * REACH).view(-1, 1, 1)
    up = ((2 * y - 1) * REACH).view(-1, 1, 1) - pixel.view(-1, 1)
    cos = torch.cos(torch.deg2rad(rotation)).view(-1, 1, 1)
    sin = torch.sin(torch.deg2rad(rotation)).view(-1, 1, 1)
    u, v = (right * cos + up * sin) / side, (up * cos - right * sin) / side
    distance = torch.empty_like(u)
    for index, distance_to in enumerate(DISTANCES):
        rows = shape == index
        distance[rows] = distance_to(u[rows], v[rows])
    return (0.5 - distance * side).clamp(0, 1)


def hue_to_rgb(hue: Tensor) -> Tensor:
    """Bright, saturated colours: hue in degrees (N,) -> red, green, blue in [0, 1] (N, 3)."""
    offset = torch.tensor([0.0, 4.0, 2.0], dtype=hue.dtype)
    position = (hue.view(-1, 1) / 60 + offset) % 6
    return ((position - 3).abs() - 1).clamp(0, 1)


def draw(factors: Tensor) -> Tensor:
    """Draw shapes on black: factors (N, 5) grey or (N, 6) colour -> uint8 (N, C, 32, 32).

    Columns: shape index, then those of `FACTORS` in its order and units; grey has no colour.
    """
    images = []
    for rows in factors.double().split(CHUNK):
        light = coverage(*rows[:, :5].unbind(1)).unsqueeze(1)
        if rows.shape[1] > 5:
            light = light * hue_to_rgb(rows[:, 5]).view(-1, 3, 1, 1)
        images.append((light * 255).round().to(torch.uint8))
    return torch.cat(images)


def sample_factors(count: int, colour: bool, seed: int = SEED) -> Tensor:
    """Independent, uniform factors, float32 (count, 5) or, with colour, (count, 6)."""
    generator = torch.Generator().manual_seed(seed)
    shape = torch.randint(len(CLASS_NAMES), (count,), generator=generator)
    columns = [shape.float()]
    for low, high in FACTORS.values():
        columns.append(low + (high - low) * torch.rand(count, generator=generator))
    return torch.stack(columns if colour else columns[:-1], dim=1)


def read(source: Source, root: Path, progress: Progress) -> Splits:
    """Generate the set; the same on every machine, and grey and colour share their geometry."""
    progress(0.0, "Drawing shapes")
    factors = sample_factors(sum(source.counts), colour=source.image_shape[0] == 3)
    return cut(Split(draw(factors), factors[:, 0].long(), factors), source.counts)
