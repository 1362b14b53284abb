"""Taking a half-transparent mark off a photograph, once a network has said where it may lie.

A mark of one ink c that covers by a share a was blended in as y = x + a m (c - x), where its matte
m says how far it reaches into each pixel. So x = (y - a m c) / (1 - a m): nothing of the photograph
is lost but depth. What is missing are a and c, which `aeviz.restoration.watermark.estimate` finds.

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

_STEPS = 25
_TRUST, _EDGE_COST, _SAME = 3.0, 0.1, 0.03
_PRIOR = 1.0
_IMPOSSIBLE, _SLACK = 0.025, 0.02
"""Of the field: how much neighbours count, what a label's change costs beside the jump in colour
that it leaves, and the jump that counts half; the logit by which networks understate a matte; by
how much beyond black or white costs one, and what is forgiven. Chosen by trial."""


class Mark(NamedTuple):
    """A mark's opacity a, 0 to 1, and its ink c (3, 1, 1) in [0, 1]."""

    opacity: float
    ink: Tensor


def settle(y: Tensor, matte: Tensor, mark: Mark) -> Tensor:
    """The matte (1, H, W) of this mark over y (3, H, W) after doubtful pixels were tried both ways;
    nearly 0 or 1 at most of them."""
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
    """Where neighbours lie, first and second, and what it costs if both have the same label, if the
    first alone is under the mark, and if the second alone is."""
    height, width = y.shape[1:]
    first = (slice(0, height - down), slice(0, width - right))
    second = (slice(down, None), slice(right, None))

    same = jump(y[:, *first], y[:, *second])
    leaves = jump(x[:, *first], y[:, *second]) + _EDGE_COST
    return first, second, same, leaves, jump(y[:, *first], x[:, *second]) + _EDGE_COST


def jump(x: Tensor, y: Tensor, seen: float = _SAME) -> Tensor:
    """How much colours (3, ...) differ, 0 to 1, by one half where it is just seen: (...)."""
    apart = (x - y).abs().mean(0)
    return apart / (apart + seen)


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
    x = without(y, inside * mark.opacity, ink)
    around, share = local_mean(x, inside + beside, 4 * reach + 1)
    towards = ink - around
    gone = ((y - around) * towards).sum(0, keepdim=True)
    gone = gone / towards.square().sum(0, keepdim=True).clamp_min(0.01) / mark.opacity
    edge = torch.where(share > 0, gone.clamp(0, 1), covered)
    whole = torch.where(inside > 0, 1.0, torch.where(beside > 0, 0.0, edge))
    return torch.where(beside > 0, y, without(y, whole * mark.opacity, ink).clamp(0, 1))


def beyond(x: Tensor) -> Tensor:
    """How far colours (3, ...) lie beyond black and white: (...)."""
    return (F.relu(-x - _SLACK) + F.relu(x - 1 - _SLACK)).sum(0)


def without(y: Tensor, alpha: Tensor | float, ink: Tensor) -> Tensor:
    """What lies under an ink that covers by `alpha`, 0 to below 1; not bounded."""
    return (y - alpha * ink) / (1 - alpha)


def local_mean(x: Tensor, chosen: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The mean of x (C, H, W) over those pixels within a square around each that `chosen` (1, H, W)
    marks with 1, and their share of the square."""
    both = torch.cat([x * chosen, chosen])[None]
    both = F.avg_pool2d(both, (side, 1), 1, (side // 2, 0))
    both = F.avg_pool2d(both, (1, side), 1, (0, side // 2))[0]
    return both[:-1] / both[-1:].clamp_min(1e-6), both[-1:]
