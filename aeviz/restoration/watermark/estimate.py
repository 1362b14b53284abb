"""Which half-transparent mark lies over a photograph: its opacity and its ink, by vote.

The photograph itself tells them: on both sides of the mark's edges it must look alike. With
y = p x + q inside, p is the ratio of the spreads of colours inside and beside the mark and q the
rest of their means (moment matching, as in Reinhard et al. 2001); pairs of places that do not fit
are weighed down (Holland & Welsch 1977).

A network that draws where a mark may lie draws bright twigs and white windows, too. But all letters
of a mark have one opacity and one ink, and twigs have none: so every part of the drawing proposes
what it would be, and that proposal wins under which most edges of most parts vanish (a consensus as
of Fischler & Bolles 1981). What the network is less sure of has to fit the better, and counts less.
Parts that look no better without that mark are none of it, and neither is what lies far from all
parts that are surely of it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.restoration.watermark.unblend import (
    Mark,
    beyond,
    jump,
    local_mean,
    settle,
    take_off,
    without,
)

_INSIDE, _BESIDE = 5, 9
"""Colours within a square of the first side inside a part are compared with those within one of the
second beside it."""

_MIN_INSIDE, _MIN_BESIDE = 0.15, 0.1
"""The shares of those squares that must be deep inside, else all of the part in it counts, and
beside, else nothing is told there."""

_MIN_PAIRS = 40
_PROPOSERS = 24
_LEVELS, _MORE = (0.5, 0.25), 3.0
"""Above the first level of the matte lie the parts that propose; those above the second do where
they win by so many times more: where the network is unsure of a whole mark."""

_AGREES, _STAYS, _SURE, _MOST = 0.6, 0.7, 0.14, 0.95
"""A part agrees with a mark, and stays under it, where its edges are below this share of what they
are with the mark on; the share is larger by so much for each unit of the logit by which the network
is sure of it, up to the most. As a logistic regression told marks from twigs."""

_TRUST = 0.5
"""How a part's vote grows with that logit."""

_LEAST, _SURELY, _LARGE = 10, 100, 150_000
"""Pixels that a part must have to be one, and to be surely one; fewer in proportion in pictures
that have fewer than the last."""

_REACH = 0.1
"""What lies further from all that is surely of the mark than this share of the shorter side is none
of it."""

_SEEN, _IMPOSSIBLE = 0.1, 5.0
"""The edge that counts half, and what a colour beyond black or white costs beside it."""

_FITS = 10
_REFITS = 3
_ROUNDS = 2
_FAINTEST, _STRONGEST = 0.02, 0.95


class _Edges(NamedTuple):
    """Colours (3, M) just inside and just beside a matte's parts, whose numbers (M,) are from 1 to
    `parts` - 1; 0 is what lies in none."""

    inside: Tensor
    beside: Tensor
    part: Tensor
    parts: int

    def of(self, chosen: Tensor) -> _Edges:
        """Of some pairs (M,) only."""
        return _Edges(self.inside[:, chosen], self.beside[:, chosen], self.part[chosen], self.parts)


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
    (sure, much), (unsure, more) = (_voted(y, matte, level) for level in _LEVELS)
    mark = unsure if more > _MORE * much else sure
    for _ in range(_ROUNDS):
        if mark is None:
            return matte, None
        mark = find_mark(y, settle(y, matte, mark))
    if mark is None:
        return matte, None
    settled = settle(y, matte, mark)
    surely = (settled > 0.5) & ~_strange(y, settled, mark, matte, _AGREES, _SURELY)
    unlikely = _strange(y, settled, mark, matte, _STAYS, _LEAST) | ~_around(surely)
    settled = settle(y, torch.where(unlikely, 0.0, matte), mark)
    return torch.where(_strange(y, settled, mark, matte, _STAYS, _LEAST), 0.0, settled), mark


def find_mark(y: Tensor, matte: Tensor) -> Mark | None:
    """The opacity and ink for which most of y (3, H, W), where `matte` (1, H, W) is above one half,
    looks like what is beside it."""
    return _voted(y, matte, _LEVELS[0])[0]


def _voted(y: Tensor, matte: Tensor, level: float) -> tuple[Mark | None, float]:
    """The mark that wins among the parts above a level of the matte, and how much of their edges
    it takes away."""
    numbers, edges = _edges(y, matte, level)
    sure = _sureness(numbers, edges.parts, matte)
    most_left, weight = _allowed(_AGREES, sure), (_TRUST * sure).exp()
    sizes = torch.bincount(edges.part, minlength=edges.parts)
    largest = [part for part in sizes.argsort(descending=True).tolist() if sizes[part]]
    proposals = [_fitted(edges.of(edges.part == part)) for part in largest[:_PROPOSERS]]
    best, most = None, 0.0
    for proposal in [*proposals, _fitted(edges)]:
        mark = proposal
        for _ in range(_REFITS):
            if mark is None:
                break
            with_mark, without_it = _left(edges, mark)
            agree = without_it < most_left * with_mark
            gain = (weight * (with_mark - without_it))[agree].sum().item()
            if gain > most:
                best, most = mark, gain
            mark = _fitted(edges.of(agree[edges.part]))
    return best, most


def _edges(y: Tensor, matte: Tensor, level: float = _LEVELS[0]) -> tuple[Tensor, _Edges]:
    """The numbers of the parts, by pixel (H, W), and what lies at their edges."""
    covered = (matte > level).float()
    drawn = covered[0].cpu().numpy().astype(np.uint8)
    count, numbers = cv2.connectedComponents(drawn, connectivity=8)
    parts = torch.from_numpy(numbers).to(y.device).long()
    core = 1 - F.max_pool2d(1 - covered[None], 3, 1, 1)[0]
    away = 1 - F.max_pool2d(covered[None], 5, 1, 2)[0]
    inside, share_in = local_mean(y, core, _INSIDE)
    thin, _ = local_mean(y, covered, _INSIDE)  # of strokes without a core
    inside = torch.where(share_in > _MIN_INSIDE, inside, thin)
    beside, share_out = local_mean(y, away, _BESIDE)
    tells = (parts > 0) & (share_out[0] > _MIN_BESIDE)
    return parts, _Edges(inside[:, tells], beside[:, tells], parts[tells], count)


def _left(edges: _Edges, mark: Mark) -> tuple[Tensor, Tensor]:
    """How much of an edge each part (P,) has with the mark on, and with it taken off."""
    x = without(edges.inside, mark.opacity, mark.ink.view(3, 1))
    costs = (
        jump(edges.inside, edges.beside, _SEEN),
        jump(x, edges.beside, _SEEN) + _IMPOSSIBLE * beyond(x),
    )
    on, off = (cost.new_zeros(edges.parts).index_add(0, edges.part, cost) for cost in costs)
    return on, off


def _sureness(parts: Tensor, count: int, matte: Tensor) -> Tensor:
    """The mean logit of a network's matte (1, H, W) in each of `count` parts (H, W): (count,)."""
    number, logit = parts.flatten(), torch.logit(matte.flatten().clamp(0.005, 0.995))
    total = logit.new_zeros(count).index_add(0, number, logit)
    return total / torch.bincount(number, minlength=count).clamp_min(1)


def _allowed(share: float, sure: Tensor) -> Tensor:
    return (share + _SURE * sure).clamp(max=_MOST)


def _strange(
    y: Tensor, settled: Tensor, mark: Mark, matte: Tensor, share: float, size: int
) -> Tensor:
    """Where (1, H, W) parts of a settled matte lie that look no better without this mark, or that
    have fewer pixels than `size`, of a large picture; the network's matte says how sure of them it
    was."""
    parts, edges = _edges(y, settled)
    on, off = _left(edges, mark)
    most = _allowed(share, _sureness(parts, edges.parts, matte))
    pixels = torch.bincount(parts.flatten(), minlength=edges.parts)
    strange = (off > most * on) | (pixels < size * min(1, parts.numel() / _LARGE))
    strange[0] = False
    return strange[parts][None]


def _around(chosen: Tensor) -> Tensor:
    """Where (1, H, W) something chosen (1, H, W) lies within reach."""
    reach = max(1, round(_REACH * min(chosen.shape[1:])))
    near = F.max_pool2d(chosen[None].float(), (2 * reach + 1, 1), 1, (reach, 0))
    return F.max_pool2d(near, (1, 2 * reach + 1), 1, (0, reach))[0] > 0


def _fitted(edges: _Edges) -> Mark | None:
    """The mark of which these would be the edges; None where they are too few or it is none."""
    if edges.part.numel() < _MIN_PAIRS:
        return None
    slope, offset = _matched(edges.beside, edges.inside)
    opacity = min(1 - slope, _STRONGEST)
    if opacity < _FAINTEST:
        return None
    return Mark(opacity, (offset / opacity).clamp(0, 1).view(3, 1, 1))


def _matched(x: Tensor, y: Tensor) -> tuple[float, Tensor]:
    """p and q (3,) with y = p x + q for pairs of colours x, y (3, M), robustly."""
    weight = torch.ones_like(x[:1])
    for _ in range(_FITS):
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
