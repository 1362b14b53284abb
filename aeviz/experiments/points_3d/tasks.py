"""Tasks: each method on the points of each seed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from aeviz.evaluation.neighbourhoods import continuity, distance_correlation, trustworthiness
from aeviz.experiments.base import Output, Row, Task
from aeviz.experiments.points_3d.arms import METHODS, NEIGHBOURS, Map
from aeviz.experiments.points_3d.autoencoder import rounded, trained
from aeviz.experiments.points_3d.parameters import ARMS, Parameters
from aeviz.experiments.surfaces import Array, Cloud, distance, draw, pairs_of

PAIRS: Final = 5_000
HELD_OUT: Final = 300
"""Points for validation, and as many for the test."""
DRAWN: Final = 600
"""Points of the figures."""


def tasks(params: Parameters) -> list[Task]:
    """Seed by seed, each with its own points; UMAP last, as it takes long to start."""
    arms = sorted(params.arms, key=lambda arm: (arm == "umap", [*ARMS].index(arm)))
    return [
        Task(f"{arm}-{seed}", {"arm": arm, "seed": seed})
        for seed in range(params.seeds)
        for arm in arms
    ]


def work(params: Parameters, task: Task) -> Output:
    arm, seed = task.values["arm"], task.values["seed"]
    cloud = draw(params.shape, params.points, 3 * seed + 1)
    held_out = draw(params.shape, HELD_OUT, 3 * seed + 2).points
    arrays: dict[str, list[Any]] = {}
    if arm == "ae":
        made, arrays = trained(params, cloud, held_out, seed)
    else:
        made = METHODS[arm](cloud.points, held_out, seed)
    row: Row = {"arm": ARMS[arm], "seed": seed, **_measure(params, cloud, made, seed)}
    if seed:
        return Output([row])
    arrays["codes"] = rounded(made.z[:DRAWN])
    if arm == "pca":  # what all figures share
        arrays["points"] = rounded(cloud.points[:DRAWN])
        arrays["colour"] = rounded(_colour(params.shape, cloud)[:DRAWN])
    return Output([row], arrays=arrays)


def _measure(params: Parameters, cloud: Cloud, made: Map, seed: int) -> Row:
    test = draw(params.shape, HELD_OUT, 3 * seed + 3)
    pairs = pairs_of(cloud, PAIRS, seed)
    k = min(NEIGHBOURS, len(cloud.points) // 2 - 1)
    row: Row = {
        "trust": trustworthiness(cloud.points, made.z, k),
        "continuity": continuity(cloud.points, made.z, k),
        "order": distance_correlation(distance(params.shape, cloud, pairs), made.z, pairs),
        "new_points": "yes" if made.place else "no",
        "way_back": "yes" if made.back else "no",
        "setting": made.setting,
    }
    if made.place:
        row["new_trust"] = trustworthiness(test.points, made.place(test.points), NEIGHBOURS)
    if made.place and made.back:
        x_hat = made.back(made.place(test.points))
        row["mse"] = float(np.square(x_hat - test.points).mean())
    return row


def _colour(shape: str, cloud: Cloud) -> Array:
    """The first coordinate of the sheet, or the piece, from 0 to 1: the same on all pictures."""
    value = cloud.part.astype(np.float64) if shape == "two planes" else cloud.sheet[:, 0]
    return (value - value.min()) / (np.ptp(value) or 1)
