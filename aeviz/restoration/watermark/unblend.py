"""Remove a half-transparent mark from a photograph by inverting alpha blending, given a matte.

A mark of one colour (ink) c and opacity a was blended in as y = x + a m (c - x), where the matte m
is how much of each pixel it covers. So x = (y - a m c) / (1 - a m): only precision is lost. The
unknown a and c are found by `aeviz.restoration.watermark.estimate`.

Once a and c are known, each doubtful pixel can be tried with and without the mark: an edge that
vanishes if the mark ends there is an edge of the mark, and no result may be darker than black. This
is a Markov random field with two labels, solved by mean-field steps (Koller & Friedman 2009,
section 11.5).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

_STEPS = 25
_TRUST, _EDGE_COST, _SAME = 3.0, 0.1, 0.03
_PRIOR = 1.0
_IMPOSSIBLE, _SLACK = 0.025, 0.02
"""Parameters of the field, chosen by trial: _TRUST weights the neighbours; _EDGE_COST is the cost
of a change of label besides the jump in colour that it leaves; a jump of _SAME costs one half;
_PRIOR is the logit by which networks understate a matte; a colour by _IMPOSSIBLE beyond black or
white costs 1, and _SLACK is tolerated."""


class Mark(NamedTuple):
    """A mark's opacity a, 0 to 1, and its ink c (3, 1, 1) in [0, 1]."""

    opacity: float
    ink: Tensor


def settle(y: Tensor, matte: Tensor, mark: Mark) -> Tensor:
    """The matte (1, H, W) of this mark over y (3, H, W) after mean-field steps: nearly 0 or 1 at
    most pixels."""
    x = without(y, mark.opacity, mark.ink)
    own = torch.logit(matte[0].clamp(0.005, 0.995)) + _PRIOR - beyond(x) / _IMPOSSIBLE
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
    """Slices of the first and second of each pair of neighbours, and the costs if both have the
    same label, if only the first is under the mark, and if only the second is."""
    height, width = y.shape[1:]
    first = (slice(0, height - down), slice(0, width - right))
    second = (slice(down, None), slice(right, None))

    same = jump(y[:, *first], y[:, *second])
    leaves = jump(x[:, *first], y[:, *second]) + _EDGE_COST
    return first, second, same, leaves, jump(y[:, *first], x[:, *second]) + _EDGE_COST


def jump(x: Tensor, y: Tensor, seen: float = _SAME) -> Tensor:
    """How much colours (3, ...) differ, 0 to 1, one half for a difference of `seen`: (...)."""
    difference = (x - y).abs().mean(0)
    return difference / (difference + seen)


def remove(y: Tensor, matte: Tensor, mark: Mark, zoom: float = 1.0) -> Tensor:
    """The photograph y (3, H, W) without the mark, in [0, 1].

    y is `zoom` times as large as the copy on which the matte was found. Within `zoom` pixels of the
    mark's edges, a pixel's coverage is computed from its own colour: how far that has moved from
    the restored colours around it towards the ink.
    """
    reach = max(1, math.ceil(zoom))
    ink, covered = mark.ink.to(y), (matte > 0.5).float()
    inside = 1 - F.max_pool2d(1 - covered[None], 2 * reach + 1, 1, reach)[0]
    beside = 1 - F.max_pool2d(covered[None], 2 * reach + 1, 1, reach)[0]
    x = without(y, inside * mark.opacity, ink)
    around, share = local_mean(x, inside + beside, 4 * reach + 1)
    towards = ink - around
    moved = ((y - around) * towards).sum(0, keepdim=True)
    moved = moved / towards.square().sum(0, keepdim=True).clamp_min(0.01) / mark.opacity
    edge = torch.where(share > 0, moved.clamp(0, 1), covered)
    coverage = torch.where(inside > 0, 1.0, torch.where(beside > 0, 0.0, edge))
    return torch.where(beside > 0, y, without(y, coverage * mark.opacity, ink).clamp(0, 1))


def beyond(x: Tensor) -> Tensor:
    """How far colours (3, ...) lie outside black to white: (...)."""
    return (F.relu(-x - _SLACK) + F.relu(x - 1 - _SLACK)).sum(0)


def without(y: Tensor, alpha: Tensor | float, ink: Tensor) -> Tensor:
    """The colours under an ink of opacity `alpha`, 0 <= alpha < 1; not clipped."""
    return (y - alpha * ink) / (1 - alpha)


def local_mean(x: Tensor, chosen: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The mean of x (C, H, W) over the chosen pixels (1 in `chosen` (1, H, W)) in a square around
    each pixel, and their share of the square."""
    both = torch.cat([x * chosen, chosen])[None]
    both = F.avg_pool2d(both, (side, 1), 1, (side // 2, 0))
    both = F.avg_pool2d(both, (1, side), 1, (0, side // 2))[0]
    return both[:-1] / both[-1:].clamp_min(1e-6), both[-1:]
