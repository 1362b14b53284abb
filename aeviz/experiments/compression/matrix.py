"""Trained on one kind of image, tested on another: error as a multiple of the error of PCA that
was fitted to the tested kind, which makes easy and difficult kinds comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import torch

from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Picture, Row
from aeviz.experiments.compression.arms import Encoder, pca_fitted
from aeviz.experiments.compression.codec import SHOWN, Point, best_points
from aeviz.experiments.compression.kinds import images_of_kind, kinds_of
from aeviz.experiments.compression.parameters import Parameters
from aeviz.experiments.pictures import grid


def rate_of(params: Parameters) -> float:
    """The bits per image of all cells: the middle one of the experiment's rates."""
    return sorted(params.bits)[len(params.bits) // 2]


def tested(encoders: Sequence[Encoder], params: Parameters) -> dict[str, Point]:
    """Images of each kind, compressed to the same number of bits by codecs that were trained on one
    kind. Step and size of the code are chosen on validation images of the tested kind."""
    return {kind: _tested(encoders, params, kind) for kind in kinds_of(params.dataset)}


def _tested(encoders: Sequence[Encoder], params: Parameters, kind: str) -> Point:
    images = images_of_kind(params.dataset, kind)
    codecs = [one.codec(images, images.test) for one in encoders]
    return best_points(codecs, [rate_of(params)], images.validation, images.test)[0]


def cells(
    arm: str, trained_on: str, points: Mapping[str, Point], params: Parameters, seed: int
) -> list[Row]:
    """A row for each kind of image; `ratio` is the error over that of PCA of this kind."""
    rows: list[Row] = []
    for kind, point in points.items():
        own = _pca(params, kind, kind).mse
        rows.append(
            {
                "arm": f"{arm}, trained on {trained_on}",
                "tested_on": kind,
                "seed": seed,
                "size": point.size,
                "mse": point.mse,
                "file_bits": point.file_bits,
                "own_pca_mse": own,
                "ratio": point.mse / max(own, 1e-12),
            }
        )
    return rows


def pca_tested(params: Parameters, trained_on: str) -> dict[str, Point]:
    """As `tested`, for PCA that is fitted to one kind."""
    return {kind: _pca(params, trained_on, kind) for kind in kinds_of(params.dataset)}


@lru_cache(maxsize=32)
def _pca(params: Parameters, trained_on: str, kind: str) -> Point:
    return _tested(pca_fitted(images_of_kind(params.dataset, trained_on)), params, kind)


def pictures(
    arm: str, trained_on: str, points: Mapping[str, Point], name: str
) -> dict[str, Picture]:
    """Images of each kind above what is left of them."""
    found = {}
    for number, (kind, point) in enumerate(points.items()):
        originals = to_float(images_of_kind(name, kind).test.images[:SHOWN])
        found[f"kind-{number}"] = Picture(
            f"{kind}, {point.file_bits:.0f} bits",
            grid(torch.cat([originals, point.shown]), SHOWN),
            f"{arm}, trained on {trained_on}: originals above, decoded below",
        )
    return found
