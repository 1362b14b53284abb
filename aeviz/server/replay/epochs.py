"""One epoch of a run, packed for the browser's player."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.server import packing
from aeviz.training.snapshots import Snapshot

PRIOR_REACH = 3.0
"""A VAE's map shows at least so many sigmas of the prior, so that one sees the codes fill it."""
MARGIN = 1.12
MAX_REACH = 1e6


@dataclass(frozen=True)
class View:
    """The part of the plane that a square map shows: `reach` to each side of its centre (x, y)."""

    x: float
    y: float
    reach: float


def view(places: NDArray[np.float32], gaussian: bool) -> View:
    """The part of the plane that holds nearly all places (M, 2); of fewer than 200, all."""
    usable = places[np.isfinite(places).all(1)].clip(-MAX_REACH, MAX_REACH)
    if not len(usable):
        return View(0.0, 0.0, PRIOR_REACH)
    ordered = np.sort(usable.astype(np.float64), axis=0)
    left_out = len(ordered) // 200  # on each side
    low, high = ordered[left_out], ordered[-1 - left_out]
    if gaussian:
        reach = max(PRIOR_REACH, MARGIN * float(np.abs([low, high]).max()))
        return View(0.0, 0.0, reach)
    x, y = (low + high) / 2
    return View(float(x), float(y), MARGIN * float((high - low).max()) / 2 or 1.0)


def class_names(config: RunConfig, labels: NDArray[np.int16]) -> tuple[str, ...]:
    """The data set's class names, or numbers if it has too few."""
    source = datasets.get(config.dataset)
    names = source.class_names if source else ()
    needed = int(labels.max(initial=-1)) + 1
    return names if len(names) >= needed else tuple(map(str, range(needed)))


def pack(snapshot: Snapshot, config: RunConfig) -> bytes:
    """Places, labels, images and manifold of one epoch for the browser (`server.packing`).

    Images are uint8 with channels last: `x`, `x_in` if the network's input differed from x, and
    `x_hat` (8, H, W, C); `tiles` (R, K, h, w, C), at `columns` (K,) and `rows` (R,) of the map.
    """
    seen = view(snapshot.places, config.bottleneck.kind == "gaussian")
    arrays: dict[str, NDArray[Any]] = {
        "places": np.nan_to_num(snapshot.places).astype(np.float32),
        "labels": snapshot.labels,
        "x": _channels_last(snapshot.x),
        "x_hat": _channels_last(snapshot.x_hat),
    }
    if not np.array_equal(snapshot.x, snapshot.x_in):
        arrays["x_in"] = _channels_last(snapshot.x_in)
    if snapshot.manifold is not None:
        arrays["columns"] = np.nan_to_num(snapshot.manifold.columns)
        arrays["rows"] = np.nan_to_num(snapshot.manifold.rows)
        arrays["tiles"] = _channels_last(snapshot.manifold.tiles)
    return packing.pack({"epoch": snapshot.epoch, "view": [seen.x, seen.y, seen.reach]}, arrays)


def _channels_last(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(..., C, H, W) to (..., H, W, C)."""
    return np.moveaxis(images, -3, -1)
