"""The network as a picture: one bar per layer, as high as the layer is wide, code in the middle."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise

from aeviz.config import RunConfig
from aeviz.nn.networks import ImageShape, layer_shapes

STEP, BAR, HEIGHT, MARGIN = 84, 14, 190, 30
"""Distance between layers, width of a bar, height of the drawing, room at both ends; in pixels."""
LOWEST, HIGHEST = 10, 150


def network_svg(config: RunConfig, shape: ImageShape) -> str:
    """An SVG in the theme's colours. Heights are logarithmic in the number of values a layer has,
    so that a code of 2 and an image of 3,072 both can be seen."""
    labels = layer_shapes(config.network, config.bottleneck.latent_dim, shape)
    sizes = [math.prod(map(int, label.strip("[]").split("x"))) for label in labels]
    heights = [bar_height(size, max(sizes)) for size in sizes]
    code = len(labels) // 2
    middle = 8 + HIGHEST / 2
    centres = [MARGIN + BAR / 2 + STEP * i for i in range(len(labels))]
    width = centres[-1] + BAR / 2 + MARGIN

    parts = [_wedge(*ends, middle) for ends in pairwise(zip(centres, heights, strict=True))]
    for i, (x, height, label) in enumerate(zip(centres, heights, labels, strict=True)):
        parts.append(_bar(x, height, middle, i == code))
        parts.append(_label(x, label, i == code))
    for x, name in (
        (centres[0], "image"),
        ((centres[0] + centres[code]) / 2, "encoder"),
        (centres[code], "code"),
        ((centres[code] + centres[-1]) / 2, "decoder"),
        (centres[-1], "image"),
    ):
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT + 16}" class="role">{name}</text>')
    text = escape(" to ".join(labels))
    return (
        f'<div class="av-network"><svg viewBox="0 0 {width:.0f} {HEIGHT + 24}" role="img" '
        f'aria-label="The network, layer by layer: {text}" '
        f'style="min-width:{0.62 * width:.0f}px;max-width:{1.5 * width:.0f}px">{"".join(parts)}'
        "</svg></div>"
    )


def bar_height(size: int, largest: int) -> float:
    """Pixels between LOWEST, for one value, and HIGHEST, for the largest layer."""
    share = math.log1p(size) / math.log1p(largest)
    return LOWEST + (HIGHEST - LOWEST) * share


def _wedge(left: tuple[float, float], right: tuple[float, float], middle: float) -> str:
    (x1, h1), (x2, h2) = (left[0] + BAR / 2, left[1]), (right[0] - BAR / 2, right[1])
    points = [
        (x1, middle - h1 / 2),
        (x2, middle - h2 / 2),
        (x2, middle + h2 / 2),
        (x1, middle + h1 / 2),
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{path}" class="wedge"/>'


def _bar(x: float, height: float, middle: float, is_code: bool) -> str:
    return (
        f'<rect x="{x - BAR / 2:.1f}" y="{middle - height / 2:.1f}" width="{BAR}" '
        f'height="{height:.1f}" rx="3" class="{"code" if is_code else "layer"}"/>'
    )


def _label(x: float, label: str, is_code: bool) -> str:
    """A layer's size beneath its bar; conv layers say channels, then the size of the image."""
    first, *rest = label.split("x", 1)
    lines = [first + (" ×" if rest else ""), *(part.replace("x", "×") for part in rest)]
    spans = "".join(
        f'<tspan x="{x:.1f}" dy="{14 if i else 0}">{escape(line)}</tspan>'
        for i, line in enumerate(lines)
    )
    kind = "size chosen" if is_code else "size"
    return f'<text y="{HIGHEST + 26}" class="{kind}">{spans}</text>'
