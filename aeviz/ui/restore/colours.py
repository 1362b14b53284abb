"""Errors as colours: perceptually uniform colour maps that are black for no error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

# "berlin", Crameri 2018, doi:10.5281/zenodo.1243862 (MIT), and "inferno", van der Walt and Smith
# (CC0): even steps in lightness, distinguishable in the common kinds of colour blindness.
SIGNED = (
    "#9eb0ff", "#79abed", "#519fd3", "#3685ad", "#286886", "#1d4b61", "#14303e", "#111a20",
    "#0e0c0d",
    "#2b0e01", "#411201", "#5b1d08", "#7d341e", "#9e513f", "#be6f63", "#df8f89", "#ffadad",
)  # fmt: skip
ABSOLUTE = (
    "#000004", "#210c4a", "#57106e", "#8a226a", "#bc3754", "#e45a31", "#f98e09", "#f9cb35",
    "#fcffa4",
)  # fmt: skip

LIMITS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def error_map(x: Tensor, x_hat: Tensor, signed: bool, limit: float) -> NDArray[np.uint8]:
    """The error x_hat - x of one image, both (C, H, W), as colours (H, W, 3).

    The signed or absolute error, mean over the channels. Errors beyond `limit` get the last
    colour.
    """
    error = x_hat - x
    if signed:
        return colourise((error.mean(0) / limit + 1).numpy() / 2, SIGNED)
    return colourise((error.abs().mean(0) / limit).numpy(), ABSOLUTE)


def fitting_limit(x: Tensor, x_hat: Tensor) -> float:
    """The smallest round limit that holds 98 % of the errors of images (N, C, H, W)."""
    error = np.quantile((x_hat - x).abs().mean(1).numpy(), 0.98)
    return next(limit for limit in LIMITS if error <= limit or limit == LIMITS[-1])


def colourise(values: NDArray[np.floating[Any]], colours: tuple[str, ...]) -> NDArray[np.uint8]:
    """Values in [0, 1] (...), clipped, to colours (..., 3), interpolated linearly."""
    table = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours], float)
    places = np.linspace(0, 1, len(colours))
    clipped = np.clip(values, 0, 1)
    channels = [np.interp(clipped, places, table[:, i]) for i in range(3)]
    return np.rint(np.stack(channels, -1)).astype(np.uint8)


def gradient(colours: tuple[str, ...]) -> str:
    """The colour map as a CSS background, from left to right."""
    return f"linear-gradient(to right, {', '.join(colours)})"
