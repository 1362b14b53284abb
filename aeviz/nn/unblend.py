"""Taking a half-transparent mark off a photograph, once a network has said where it may lie.

A mark of one ink c that covers by a share a was blended in as y = x + a m (c - x), where its matte
m says how far it reaches into each pixel. So x = (y - a m c) / (1 - a m): nothing of the photograph
is lost but depth. What is missing are a and c, and those the photograph itself tells: on both sides
of the mark's edges it must look alike. With y = p x + q inside, p is the ratio of the spreads of
colours inside and beside the mark and q the rest of their means (moment matching, as in Reinhard et
al. 2001); pairs of places that do not fit are weighed down (Holland & Welsch 1977).

Once they are known, a doubtful pixel can be tried both ways: an edge that vanishes if the mark ends
there is an edge of the mark, and no photograph is darker than black. That is a Markov random field
of two labels, settled by mean-field steps (Koller & Friedman 2009, section 11.5).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

_LEVELS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
_MANY_PAIRS, _LEAST_PAIRS = 100, 40
"""The surest pixels are compared: those above the first of these levels that leaves many pairs."""

_BESIDE, _GAP = 0.1, 3
"""Beside the mark is where for so many pixels around the matte stays below this."""

_NEAR = 15
"""Colours inside are compared with those outside within a square of this side."""

_LEAST_SHARE = 0.05
_ROUNDS = 10
_FAINTEST, _STRONGEST = 0.02, 0.95

_STEPS = 25
_TRUST, _EDGE_COST, _SAME = 1.5, 0.1, 0.03
_PRIOR = 1.0
_IMPOSSIBLE, _SLACK = 0.025, 0.02
"""Of the field: how much neighbours count, what a label's change costs beside the jump in colour
that it leaves, and the jump that counts half; the logit by which networks understate a matte; by
how much beyond black or white costs one, and what is forgiven. Chosen on training photographs."""


class Mark(NamedTuple):
    """A mark's opacity a, 0 to 1, and its ink c (3, 1, 1) in [0, 1]."""

    opacity: float
    ink: Tensor


def unblended(y: Tensor, matte: Tensor) -> Tensor:
    """Pictures y (N, 3, H, W) in [0, 1] without the marks that lie where the mattes (N, 1, H, W)
    say; those on which none is found as they are."""
    parts = []
    for one, doubtful in zip(y, matte, strict=True):
        settled, mark = find(one, doubtful)
        parts.append(one if mark is None else take_off(one, settled, mark))
    return torch.stack(parts)


def find(y: Tensor, matte: Tensor) -> tuple[Tensor, Mark | None]:
    """The settled matte (1, H, W) and the mark over a photograph y (3, H, W) in [0, 1].

    `matte` is in [0, 1] where the mark may lie. No mark where there is none, or too little to tell.
    """
    mark = find_mark(y, matte)
    if mark is not None:
        mark = find_mark(y, settle(y, matte, mark))
    return (matte, None) if mark is None else (settle(y, matte, mark), mark)


def find_mark(y: Tensor, matte: Tensor) -> Mark | None:
    """Opacity and ink of what lies over y (3, H, W) where `matte` (1, H, W) is sure of it."""
    outside = (F.max_pool2d(matte[None], 2 * _GAP + 1, 1, _GAP)[0] < _BESIDE).float()
    beside, share_out = _local_mean(y, outside, _NEAR)
    for level in _LEVELS:
        inside = (matte > level).float()
        within, share_in = _local_mean(y, inside, _NEAR)
        useful = (inside > 0) & (share_in > _LEAST_SHARE) & (share_out > _LEAST_SHARE)
        if useful.sum() >= _MANY_PAIRS:
            break
    if useful.sum() < _LEAST_PAIRS:
        return None
    slope, offset = _matched(beside[:, useful[0]], within[:, useful[0]])
    opacity = min(1 - slope, _STRONGEST)
    if opacity < _FAINTEST:
        return None
    return Mark(opacity, (offset / opacity).clamp(0, 1).view(3, 1, 1))


def settle(y: Tensor, matte: Tensor, mark: Mark) -> Tensor:
    """The matte (1, H, W) of this mark over y (3, H, W) after doubtful pixels were tried both ways;
    nearly 0 or 1 at most of them."""
    x = _without(y, mark.opacity, mark.ink)
    beyond = (F.relu(-x - _SLACK) + F.relu(x - 1 - _SLACK)).sum(0)
    own = torch.logit(matte[0].clamp(0.005, 0.995)) + _PRIOR - beyond / _IMPOSSIBLE
    pairs = [_pair(y, x.clamp(0, 1), down, right) for down, right in ((0, 1), (1, 0))]
    m = torch.sigmoid(own)
    for _ in range(_STEPS):
        for_mark = torch.zeros_like(m)
        for first, second, same, leaves, enters in pairs:
            p, q = m[first], m[second]
            for_mark[first] += (1 - q) * (same - leaves) + q * (enters - same)
            for_mark[second] += (1 - p) * (same - enters) + p * (leaves - same)
        m = 0.5 * m + 0.5 * torch.sigmoid(own + _TRUST * for_mark)
    return m[None]


def _pair(y: Tensor, x: Tensor, down: int, right: int) -> tuple:
    """Where neighbours lie, first and second, and what it costs if both have the same label, if the
    first alone is under the mark, and if the second alone is."""
    height, width = y.shape[1:]
    first = (slice(0, height - down), slice(0, width - right))
    second = (slice(down, None), slice(right, None))

    def jump(one: Tensor, other: Tensor) -> Tensor:
        apart = (one[:, *first] - other[:, *second]).abs().mean(0)
        return apart / (apart + _SAME)

    return first, second, jump(y, y), jump(x, y) + _EDGE_COST, jump(y, x) + _EDGE_COST


def take_off(y: Tensor, matte: Tensor, mark: Mark, zoom: float = 1.0) -> Tensor:
    """The photograph y (3, H, W) without the mark, in [0, 1].

    Within `zoom` pixels (so many times y is larger than what the matte was settled on) of the
    mark's edges, how far it covers a pixel is read off the pixel itself: how far it has gone from
    the colours restored around it towards the ink.
    """
    reach = max(1, math.ceil(zoom))
    ink, covered = mark.ink.to(y), (matte > 0.5).float()
    inside = 1 - F.max_pool2d(1 - covered[None], 2 * reach + 1, 1, reach)[0]
    beside = 1 - F.max_pool2d(covered[None], 2 * reach + 1, 1, reach)[0]
    x = _without(y, inside * mark.opacity, ink)
    around, share = _local_mean(x, inside + beside, 4 * reach + 1)
    towards = ink - around
    gone = ((y - around) * towards).sum(0, keepdim=True)
    gone = gone / towards.square().sum(0, keepdim=True).clamp_min(0.01) / mark.opacity
    edge = torch.where(share > 0, gone.clamp(0, 1), covered)
    whole = torch.where(inside > 0, 1.0, torch.where(beside > 0, 0.0, edge))
    return torch.where(beside > 0, y, _without(y, whole * mark.opacity, ink).clamp(0, 1))


def _without(y: Tensor, alpha: Tensor | float, ink: Tensor) -> Tensor:
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
        slope = (spread_y / spread_x.clamp_min(1e-6)).clamp(1 - _STRONGEST, 1)
        offset = mean_y - slope * mean_x
        error = (y - slope * x - offset).abs().mean(0, keepdim=True)
        scale = error.median().clamp_min(2 / 255)
        weight = 1 / (1 + (error / (1.5 * scale)).square())
    return slope.item(), offset[:, 0]


def _local_mean(x: Tensor, chosen: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The mean of x (C, H, W) over those pixels within a square around each that `chosen` (1, H, W)
    marks with 1, and their share of the square."""
    both = torch.cat([x * chosen, chosen])[None]
    both = F.avg_pool2d(both, (side, 1), 1, (side // 2, 0))
    both = F.avg_pool2d(both, (1, side), 1, (0, side // 2))[0]
    return both[:-1] / both[-1:].clamp_min(1e-6), both[-1:]
