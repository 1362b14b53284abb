"""Points in space that lie on a curve or a surface whose own coordinates are known.

Points are (N, 3), scaled as a whole to a mean variance of 1 per axis: a factor for each axis would
bend the distances. The sheet coordinates (N, 2) measure lengths along the surface, in the same
unit, if it can be laid flat; `distance` has the length of the shortest way between two points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ROLL_HEIGHT = 21.0
"""As in scikit-learn's swiss roll; papers also have 10, 30 and 50."""
TORUS = (2.0, 0.8)
"""Radii of the ring and of the tube."""


@dataclass(frozen=True)
class Cloud:
    """points (N, 3); sheet (N, 2), of a curve (length, 0); part (N,): which piece of the surface,
    as no way leads from one to the other. `scale`: what the points were divided by."""

    points: Array
    sheet: Array
    part: NDArray[np.int64]
    scale: float


def _swiss_roll(u: Array, v: Array) -> tuple[Array, Array]:
    angle = 1.5 * np.pi * (1 + 2 * u)
    points = np.stack([angle * np.cos(angle), ROLL_HEIGHT * v, angle * np.sin(angle)], 1)
    return points, np.stack([spiral_length(angle), ROLL_HEIGHT * v], 1)


def spiral_length(angle: Array) -> Array:
    """Length of the spiral of radius = angle from its centre: the integral of sqrt(1 + a^2)."""
    root = np.sqrt(1 + angle**2)
    return 0.5 * (angle * root + np.arcsinh(angle))


def _s_curve(u: Array, v: Array) -> tuple[Array, Array]:
    angle = 3 * np.pi * (u - 0.5)
    points = np.stack([np.sin(angle), 2 * v, np.sign(angle) * (np.cos(angle) - 1)], 1)
    return points, np.stack([angle, 2 * v], 1)


def _helix(u: Array, v: Array) -> tuple[Array, Array]:
    angle, rise = 6 * np.pi * u, 0.15
    points = np.stack([np.cos(angle), np.sin(angle), rise * angle], 1)
    return points, np.stack([np.sqrt(1 + rise**2) * angle, np.zeros_like(u)], 1)


def _sphere(u: Array, v: Array) -> tuple[Array, Array]:
    longitude, height = 2 * np.pi * u, 2 * v - 1
    radius = np.sqrt(1 - height**2)
    points = np.stack([radius * np.cos(longitude), radius * np.sin(longitude), height], 1)
    return points, np.stack([longitude, np.arcsin(height)], 1)


def _torus(u: Array, v: Array) -> tuple[Array, Array]:
    ring, tube = TORUS
    around, across = 2 * np.pi * u, 2 * np.pi * v
    out = ring + tube * np.cos(across)
    points = np.stack([out * np.cos(around), out * np.sin(around), tube * np.sin(across)], 1)
    return points, np.stack([ring * around, tube * across], 1)


def _two_planes(u: Array, v: Array) -> tuple[Array, Array]:
    upper = np.arange(len(u)) % 2
    return np.stack([2 * u, 2 * v, upper * 1.0], 1), np.stack([2 * u, 2 * v], 1)


SHAPES: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "swiss roll": _swiss_roll,
    "s-curve": _s_curve,
    "helix": _helix,
    "sphere": _sphere,
    "torus": _torus,
    "two planes": _two_planes,
}


def draw(shape: str, count: int, seed: int) -> Cloud:
    """`count` points of this shape, drawn evenly over it (on torus and helix over their angles)."""
    u, v = np.random.default_rng(seed).random((2, count))
    points, sheet = SHAPES[shape](u, v)
    # The scale is that of the shape, not of the draw, so that all draws are alike.
    dense, _ = SHAPES[shape](*np.random.default_rng(0).random((2, 20_000)))
    middle, scale = dense.mean(0), float(np.sqrt(dense.var(0).mean()))
    part = np.arange(count) % 2 if shape == "two planes" else np.zeros(count, np.int64)
    return Cloud((points - middle) / scale, sheet / scale, part, scale)


def distance(shape: str, cloud: Cloud, pairs: NDArray[np.int64]) -> Array:
    """Length of the way along the surface between the points of each pair (P, 2), all of one part:
    (P,). On the torus that of its flat sheet, closed at its edges, which is near to it."""
    a, b = pairs.T
    if shape == "sphere":
        longitude, latitude = cloud.scale * cloud.sheet.T
        flat = np.cos(latitude)
        units = np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], 1)
        return np.arccos(np.clip((units[a] * units[b]).sum(1), -1, 1)) / cloud.scale
    apart = np.abs(cloud.sheet[a] - cloud.sheet[b])
    if shape == "torus":
        whole = 2 * np.pi * np.array(TORUS) / cloud.scale
        apart = np.minimum(apart, whole - apart)
    return np.linalg.norm(apart, axis=1)


def pairs_of(cloud: Cloud, count: int, seed: int) -> NDArray[np.int64]:
    """Up to `count` random pairs of points of the same part, (P, 2): other pairs are left out."""
    chosen = np.random.default_rng(seed).integers(0, len(cloud.points), (count, 2))
    same = cloud.part[chosen[:, 0]] == cloud.part[chosen[:, 1]]
    return chosen[same & (chosen[:, 0] != chosen[:, 1])]
