"""A code as HTML: bars for up to 64 numbers, a grid of coloured cells for more."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from aeviz.evaluation.evaluate import ACTIVE
from aeviz.ui.reconstruct.frames import data_uri, scale_bar
from aeviz.ui.restore.colours import ABSOLUTE, SIGNED, colourise

MAX_BARS = 64


def code_bars(mu: Tensor, sigma: Tensor | None, reach: float) -> str:
    """The code mu (d,) as HTML, with whiskers of one standard deviation sigma (d,) if it is given.

    `reach` is the largest absolute value that the drawing has room for.
    """
    return _grid(mu, reach) if len(mu) > MAX_BARS else _bars(mu, sigma, reach)


def summary(mu: Tensor, sigma: Tensor | None) -> str:
    """The caption of the drawing."""
    size = "1 number" if len(mu) == 1 else f"{len(mu):,} numbers"
    if sigma is not None:
        return f"{size}: mean ± sigma"
    active = int((mu.abs() > ACTIVE).sum())
    return size if active == len(mu) else f"{size}, {active:,} of them not 0"


def _bars(mu: Tensor, sigma: Tensor | None, reach: float) -> str:
    values = mu.tolist()
    spreads = [0.0] * len(values) if sigma is None else sigma.tolist()
    low = min(value - spread for value, spread in zip(values, spreads, strict=True))
    zero = 50.0 if low < 0 else 100.0  # in per cent from the top, like all heights here
    scale = zero / reach
    parts = []
    for i, (value, spread) in enumerate(zip(values, spreads, strict=True)):
        label = f"z{i} = {value:.2f}" + (f" ± {spread:.2f}" if sigma is not None else "")
        bar = _box("av-bar", zero - value * scale, zero)
        ends = (zero - (value + end) * scale for end in (spread, -spread))
        whisker = _box("av-whisker", *ends)
        parts.append(f'<span title="{label}">{bar}{whisker if sigma is not None else ""}</span>')
    text = ", ".join(f"{value:.2f}" for value in values)
    return (
        f'<div class="av-codebars" role="img" aria-label="The code: {text}" '
        f'data-testid="aeviz-code" style="--zero:{zero:g}%;--gap:{min(2, 40 / len(values)):.2f}px">'
        f"{''.join(parts)}</div>"
    )


def _box(name: str, a: float, b: float) -> str:
    """A box between two heights, in per cent from the top, clipped to the drawing."""
    top, bottom = sorted(min(max(y, 0.0), 100.0) for y in (a, b))
    return f'<i class="{name}" style="top:{top:.2f}%;height:{bottom - top:.2f}%"></i>'


def _grid(mu: Tensor, reach: float) -> str:
    side = math.ceil(math.sqrt(len(mu)))
    colours = SIGNED if mu.min() < 0 else ABSOLUTE
    ticks = (f"−{reach:.2g}", "0", f"+{reach:.2g}") if mu.min() < 0 else ("0", f"{reach:.2g}")
    values = np.zeros(side * -(-len(mu) // side), np.float32)
    values[: len(mu)] = mu.numpy() / reach
    shades = (values + 1) / 2 if mu.min() < 0 else values
    cells = colourise(shades.reshape(-1, side), colours)
    return (
        f'<img class="av-pixels" src="{data_uri(cells)}" data-testid="aeviz-code" '
        f'alt="The code, {len(mu)} numbers as cells in rows of {side}" '
        f'title="Each cell is one number of the code">{scale_bar(colours, ticks)}'
    )
