"""Tasks: each model at each size and seed; the arms that share its codes go with it."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.evaluation import retrieval
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.pictures import strip
from aeviz.experiments.retrieval.arms import codes_of, distances_of
from aeviz.experiments.retrieval.images import K, Search, search_of, split_of
from aeviz.experiments.retrieval.parameters import (
    ARMS,
    FOCUS,
    MODELS,
    Parameters,
    focus_of,
    model_of,
    network_of,
)
from aeviz.experiments.retrieval.query import FOUND, store

RANKED = 300
"""Queries whose whole ranking is measured (mAP)."""
SHOWN = 3
"""Queries with a row of the images found."""


def tasks(params: Parameters) -> list[Task]:
    """Seed by seed; pixels and PCA first, and the size at which the claim is judged."""
    needed = [model for model in MODELS if any(model_of(arm) == model for arm in params.arms)]
    sizes = sorted(params.sizes, key=lambda size: abs(size - FOCUS))
    made = []
    for seed in range(params.seeds):
        for model in needed:
            if model == "pixels":
                made.append(Task(f"pixels-{seed}", {"model": model, "size": 0, "seed": seed}))
        for size in sizes:
            for model in needed:
                if model != "pixels":
                    values = {"model": model, "size": size, "seed": seed}
                    made.append(Task(f"{model}-{size}-{seed}", values))
    return made


def work(params: Parameters, task: Task) -> Output:
    model, size, seed = task.values["model"], task.values["size"], task.values["seed"]
    search = search_of(*split_of(params, seed))
    z = codes_of(params, search, model, size, seed)
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    wanted = [arm for arm in params.arms if model_of(arm) == model]
    for arm, setting, count, distances, validation in distances_of(search, wanted, z, seed):
        about: Row = {"arm": ARMS[arm], "size": size, "seed": seed, "setting": setting}
        rows.append(about | {"bytes": count} | _measured(search, distances, validation))
        if seed == 0 and size in (0, focus_of(params)):
            pictures |= _found(search, arm, distances)
    kept = (model, size, seed) == (network_of(params), focus_of(params), 0)
    return Output(rows, pictures, stored=store(params, search) if kept else None)


def _measured(search: Search, distances: Tensor, validation: float) -> Row:
    first = retrieval.found_first(distances, K)
    ranked = slice(0, RANKED)
    return {
        "precision": retrieval.precision(first, search.relevant).mean().item(),
        "map": retrieval.average_precision(distances[ranked], search.relevant[ranked])
        .mean()
        .item(),
        "pixel_recall": retrieval.precision(first, search.pixel_neighbours).mean().item(),
        "validation_precision": validation,
    }


def _found(search: Search, arm: str, distances: Tensor) -> dict[str, Picture]:
    """The first queries, each followed by the images that are found for it."""
    pictures = {}
    for index in range(min(SHOWN, len(search.queries))):
        order = distances[index].argsort(stable=True)[:FOUND]
        images = torch.cat([search.queries.images[index][None], search.collection.images[order]])
        name = search.dataset.class_names[int(search.queries.labels[index])]
        group = f"Query {index + 1} (class {name}), and what is found for it"
        pictures[f"{arm}-{index}"] = Picture(ARMS[arm], strip(to_float(images)), group)
    return pictures
