"""Taking a half-transparent mark off a photograph, once it is known where it lies.

A mark of one ink c that covers by a share a was blended in as y = x + a m (c - x), where its matte
m says how far it reaches into each pixel. So x = (y - a m c) / (1 - a m): nothing of the photograph
is lost but depth. What is missing are a and c, and those the photograph itself tells: on both sides
of the mark's edges it must look alike. With y = p x + q inside, p is the ratio of the spreads of
colours inside and beside the mark and q the rest of their means (moment matching, as in Reinhard et
al. 2001); pairs of places that do not fit are weighed down (Holland & Welsch 1977).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

SURE, TOUCHED = 0.8, 0.1
"""A pixel lies within the mark where its matte is above SURE, beside it where below TOUCHED."""

_LEVELS = (0.9, 0.8, 0.7, 0.6, 0.5)
_MANY_PAIRS = 100
"""The surest pixels are compared, of the first of these levels that has so many."""

EDGE = 5
_NEAR = 15
"""Sides of the squares over which colours around a pixel are averaged: at the mark's edge, and to
compare those inside with those outside."""

_LEAST_SHARE = 0.05
_LEAST_PAIRS = 40
_ROUNDS = 10
_GREATEST = 0.95


class Mark(NamedTuple):
    """A mark's opacity a, 0 to 1, and its ink c (3, 1, 1) in [0, 1]."""

    opacity: float
    ink: Tensor


def find_mark(y: Tensor, matte: Tensor) -> Mark | None:
    """The mark that lies over a photograph y (3, H, W) in [0, 1] where `matte` (1, H, W) says so.

    None where there is none, or too little of it to tell.
    """
    outside = (_widened(matte, 3) < TOUCHED).float()
    beside, share_out = _local_mean(y, outside)
    for level in _LEVELS:
        inside = (matte > level).float()
        within, share_in = _local_mean(y, inside)
        useful = (inside > 0) & (share_in > _LEAST_SHARE) & (share_out > _LEAST_SHARE)
        if useful.sum() >= _MANY_PAIRS:
            break
    if useful.sum() < _LEAST_PAIRS:
        return None
    slope, offset = _matched(beside[:, useful[0]], within[:, useful[0]])
    opacity = min(max(1 - slope, 0.0), _GREATEST)
    if opacity < 0.02:
        return None
    return Mark(opacity, (offset / opacity).clamp(0, 1).view(3, 1, 1))


def take_off(y: Tensor, matte: Tensor, mark: Mark, side: int = EDGE) -> Tensor:
    """The photograph y (3, H, W) without the mark, in [0, 1].

    Between surely inside and beside, how far the mark covers a pixel is read off the pixel itself:
    how far it has gone from the colours restored around it, in a square of this side, towards the
    ink.
    """
    ink = mark.ink.to(y)
    inside, beside = matte > SURE, matte < TOUCHED
    known = (inside | beside).float()
    x = _unblended(y, inside.float() * mark.opacity, ink)
    around, share = _local_mean(x, known, side)
    towards = ink - around
    moved = ((y - around) * towards).sum(0, keepdim=True)
    covered = moved / towards.square().sum(0, keepdim=True).clamp_min(0.01) / mark.opacity
    covered = torch.where(share > 0, covered, matte).clamp(0, 1)
    whole = torch.where(inside, 1.0, torch.where(beside, 0.0, covered))
    return _unblended(y, whole * mark.opacity, ink).clamp(0, 1)


def unblended(y: Tensor, matte: Tensor) -> Tensor:
    """`take_off` what `find_mark` finds, for each of the pictures y (N, 3, H, W)."""
    found = [find_mark(one, cover) for one, cover in zip(y, matte, strict=True)]
    parts = zip(y, matte, found, strict=True)
    return torch.stack([one if m is None else take_off(one, cover, m) for one, cover, m in parts])


def _unblended(y: Tensor, alpha: Tensor, ink: Tensor) -> Tensor:
    return (y - alpha * ink) / (1 - alpha)


def _matched(x: Tensor, y: Tensor) -> tuple[float, Tensor]:
    """p and q (3,) with y = p x + q for pairs of colours x, y (3, M), robustly."""
    weight = torch.ones_like(x[:1])
    for _ in range(_ROUNDS):
        total = weight.sum()
        mean_x, mean_y = ((weight * part).sum(1, keepdim=True) / total for part in (x, y))
        spread_x, spread_y = (
            (weight * (part - mean).square()).sum().sqrt()
            for part, mean in ((x, mean_x), (y, mean_y))
        )
        slope = (spread_y / spread_x.clamp_min(1e-6)).clamp(1 - _GREATEST, 1)
        offset = mean_y - slope * mean_x
        error = (y - slope * x - offset).abs().mean(0, keepdim=True)
        scale = error.median().clamp_min(2 / 255)
        weight = 1 / (1 + (error / (1.5 * scale)).square())
    return slope.item(), offset[:, 0]


def _local_mean(x: Tensor, chosen: Tensor, side: int = _NEAR) -> tuple[Tensor, Tensor]:
    """The mean of x (C, H, W) over those pixels within a square around each that `chosen` (1, H, W)
    marks with 1, and their share of the square."""
    both = torch.cat([x * chosen, chosen])[None]
    both = F.avg_pool2d(both, (side, 1), 1, (side // 2, 0))
    both = F.avg_pool2d(both, (1, side), 1, (0, side // 2))[0]
    return both[:-1] / both[-1:].clamp_min(1e-6), both[-1:]


def _widened(matte: Tensor, by: int) -> Tensor:
    return F.max_pool2d(matte[None], 2 * by + 1, 1, by)[0]
