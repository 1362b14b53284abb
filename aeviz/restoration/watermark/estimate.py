"""Estimate the opacity and colour (ink) of a half-transparent watermark by a vote of its parts.

The photograph must look alike on both sides of the mark's edges. With y = p x + q inside the mark,
p is the ratio of the standard deviations of the colours inside and beside it, and q follows from
their means (moment matching, as in Reinhard et al. 2001); pairs that do not fit get lower weights
(Holland & Welsch 1977).

The network's matte of where a mark may lie also contains bright twigs and white windows. But all
letters of a mark share one opacity and one ink, while twigs do not. So every connected part of the
matte proposes an opacity and an ink, and the proposal that removes most edges of most parts wins (a
consensus as in Fischler & Bolles 1981). Low-confidence parts need a closer fit and get a lower
weight. Parts that look no better without the mark do not belong to it, nor does anything far away
from all parts that certainly do.
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
    remove,
    settle,
    without,
)

_INSIDE, _BESIDE = 5, 9
"""Sides of the squares whose colours are compared, inside a part and beside it."""

_MIN_INSIDE, _MIN_BESIDE = 0.15, 0.1
"""At least the first share of the inner square must lie deep inside, else all of the part in it is
used; at least the second share of the outer square must lie beside the part, else the place is
skipped."""

_MIN_PAIRS = 40
_PROPOSERS = 24
_LEVELS, _MORE = (0.5, 0.25), 3.0
"""Parts are those above the first level of the matte; those above the second are used if they win
by so many times more, which happens if the network is unsure of a whole mark."""

_AGREES, _STAYS, _SURE, _MAX_SHARE = 0.6, 0.7, 0.14, 0.95
"""A part agrees with a mark (belongs to it at the end) if removing the mark reduces its edges below
the first (second) share. The share grows by the third number per unit of the network's mean logit,
up to the fourth. From a logistic regression that separates marks from twigs."""

_TRUST = 0.5
"""How a part's vote grows with that logit."""

_MIN_SIZE, _CERTAIN_SIZE, _LARGE = 10, 100, 150_000
"""Pixels that a part needs to count, and to count as certain; proportionally fewer in images
smaller than the third number of pixels."""

_REACH = 0.1
"""Parts further than this share of the shorter side from all certain parts do not belong to the
mark."""

_SEEN, _IMPOSSIBLE = 0.1, 5.0
"""The size of an edge that costs one half, and the cost factor of colours beyond black or white."""

_FITS = 10
_REFITS = 3
_ROUNDS = 2
_FAINTEST, _STRONGEST = 0.02, 0.95


class _Edges(NamedTuple):
    """Colours (3, M) just inside and just beside a matte's parts; `part` (M,) is the part's number,
    1 to `parts` - 1, and 0 outside all parts."""

    inside: Tensor
    beside: Tensor
    part: Tensor
    parts: int

    def of(self, chosen: Tensor) -> _Edges:
        """Only the chosen pairs, bool (M,)."""
        return _Edges(self.inside[:, chosen], self.beside[:, chosen], self.part[chosen], self.parts)


def unblended(y: Tensor, matte: Tensor) -> Tensor:
    """Images y (N, 3, H, W) in [0, 1] with the marks under the mattes (N, 1, H, W) removed;
    unchanged if no mark is found."""
    parts = []
    for image, image_matte in zip(y, matte, strict=True):
        settled, mark = find(image, image_matte)
        parts.append(image if mark is None else remove(image, settled, mark))
    return torch.stack(parts)


def find(y: Tensor, matte: Tensor) -> tuple[Tensor, Mark | None]:
    """The settled matte (1, H, W) and the mark over a photograph y (3, H, W) in [0, 1].

    `matte`: the network's, in [0, 1]. The mark is None if there is none, or too little to decide.
    """
    (sure, sure_gain), (unsure, unsure_gain) = (_vote(y, matte, level) for level in _LEVELS)
    mark = unsure if unsure_gain > _MORE * sure_gain else sure
    for _ in range(_ROUNDS):
        if mark is None:
            return matte, None
        mark = find_mark(y, settle(y, matte, mark))
    if mark is None:
        return matte, None
    settled = settle(y, matte, mark)
    certain = (settled > 0.5) & ~_foreign(y, settled, mark, matte, _AGREES, _CERTAIN_SIZE)
    unlikely = _foreign(y, settled, mark, matte, _STAYS, _MIN_SIZE) | ~_around(certain)
    settled = settle(y, torch.where(unlikely, 0.0, matte), mark)
    return torch.where(_foreign(y, settled, mark, matte, _STAYS, _MIN_SIZE), 0.0, settled), mark


def find_mark(y: Tensor, matte: Tensor) -> Mark | None:
    """The opacity and ink for which most of y (3, H, W) under the matte (1, H, W), where it is
    above one half, looks like its surroundings once the mark is removed."""
    return _vote(y, matte, _LEVELS[0])[0]


def _vote(y: Tensor, matte: Tensor, level: float) -> tuple[Mark | None, float]:
    """The winning mark of the parts above a level of the matte, and how much it reduces their
    edges."""
    numbers, edges = _edges(y, matte, level)
    sure = _confidence(numbers, edges.parts, matte)
    max_share, weight = _allowed(_AGREES, sure), (_TRUST * sure).exp()
    sizes = torch.bincount(edges.part, minlength=edges.parts)
    largest = [part for part in sizes.argsort(descending=True).tolist() if sizes[part]]
    proposals = [_fit(edges.of(edges.part == part)) for part in largest[:_PROPOSERS]]
    best, best_gain = None, 0.0
    for proposal in [*proposals, _fit(edges)]:
        mark = proposal
        for _ in range(_REFITS):
            if mark is None:
                break
            with_mark, without_mark = _edge_costs(edges, mark)
            agree = without_mark < max_share * with_mark
            gain = (weight * (with_mark - without_mark))[agree].sum().item()
            if gain > best_gain:
                best, best_gain = mark, gain
            mark = _fit(edges.of(agree[edges.part]))
    return best, best_gain


def _edges(y: Tensor, matte: Tensor, level: float = _LEVELS[0]) -> tuple[Tensor, _Edges]:
    """The part's number of each pixel (H, W), and the colours at the parts' edges."""
    covered = (matte > level).float()
    drawn = covered[0].cpu().numpy().astype(np.uint8)
    count, numbers = cv2.connectedComponents(drawn, connectivity=8)
    parts = torch.from_numpy(numbers).to(y.device).long()
    core = 1 - F.max_pool2d(1 - covered[None], 3, 1, 1)[0]
    outside = 1 - F.max_pool2d(covered[None], 5, 1, 2)[0]
    inside, share_in = local_mean(y, core, _INSIDE)
    thin, _ = local_mean(y, covered, _INSIDE)  # for strokes without a core
    inside = torch.where(share_in > _MIN_INSIDE, inside, thin)
    beside, share_out = local_mean(y, outside, _BESIDE)
    usable = (parts > 0) & (share_out[0] > _MIN_BESIDE)
    return parts, _Edges(inside[:, usable], beside[:, usable], parts[usable], count)


def _edge_costs(edges: _Edges, mark: Mark) -> tuple[Tensor, Tensor]:
    """The strength of each part's edges (P,), with the mark and with the mark removed."""
    x = without(edges.inside, mark.opacity, mark.ink.view(3, 1))
    costs = (
        jump(edges.inside, edges.beside, _SEEN),
        jump(x, edges.beside, _SEEN) + _IMPOSSIBLE * beyond(x),
    )
    on, off = (cost.new_zeros(edges.parts).index_add(0, edges.part, cost) for cost in costs)
    return on, off


def _confidence(parts: Tensor, count: int, matte: Tensor) -> Tensor:
    """The mean logit of a network's matte (1, H, W) in each of `count` parts (H, W): (count,)."""
    number, logit = parts.flatten(), torch.logit(matte.flatten().clamp(0.005, 0.995))
    total = logit.new_zeros(count).index_add(0, number, logit)
    return total / torch.bincount(number, minlength=count).clamp_min(1)


def _allowed(share: float, sure: Tensor) -> Tensor:
    return (share + _SURE * sure).clamp(max=_MAX_SHARE)


def _foreign(
    y: Tensor, settled: Tensor, mark: Mark, matte: Tensor, share: float, size: int
) -> Tensor:
    """Mask (1, H, W) of the parts of a settled matte that do not belong to this mark: they look no
    better without it, or have fewer pixels than `size` (for a large image). The network's matte
    gives the confidence in each part."""
    parts, edges = _edges(y, settled)
    on, off = _edge_costs(edges, mark)
    max_share = _allowed(share, _confidence(parts, edges.parts, matte))
    pixels = torch.bincount(parts.flatten(), minlength=edges.parts)
    foreign = (off > max_share * on) | (pixels < size * min(1, parts.numel() / _LARGE))
    foreign[0] = False
    return foreign[parts][None]


def _around(chosen: Tensor) -> Tensor:
    """Mask (1, H, W) of the pixels within _REACH of a chosen one (1, H, W)."""
    reach = max(1, round(_REACH * min(chosen.shape[1:])))
    near = F.max_pool2d(chosen[None].float(), (2 * reach + 1, 1), 1, (reach, 0))
    return F.max_pool2d(near, (1, 2 * reach + 1), 1, (0, reach))[0] > 0


def _fit(edges: _Edges) -> Mark | None:
    """The mark that these edges fit best; None if they are too few or its opacity is too low."""
    if edges.part.numel() < _MIN_PAIRS:
        return None
    slope, offset = _match_moments(edges.beside, edges.inside)
    opacity = min(1 - slope, _STRONGEST)
    if opacity < _FAINTEST:
        return None
    return Mark(opacity, (offset / opacity).clamp(0, 1).view(3, 1, 1))


def _match_moments(x: Tensor, y: Tensor) -> tuple[float, Tensor]:
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
