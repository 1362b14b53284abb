"""Tasks: a training for each depth and number of images, and one for each guard."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.memorisation import memorised, nearest
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.capacity.arms import code_sizes, config, drawn, settings_of
from aeviz.experiments.capacity.parameters import PLAIN, Parameters, counts, layers
from aeviz.experiments.fitting import fitted, pixels
from aeviz.experiments.photo_crops import photo_crops
from aeviz.experiments.pictures import strip
from aeviz.experiments.stored import stored

SHOWN = 8
MEASURED = 500
"""Images of a split that are measured, at most."""
FOREIGN = 200
UNSEEN = "New images, and what the networks make of them"
ALIEN = "Photographs, and what the networks make of them"


def tasks(params: Parameters) -> list[Task]:
    """Seed by seed: the fewest images first, then the guards."""
    grid = [(count, depth) for count in counts(params) for depth in params.depths]
    return [
        task
        for seed in range(params.seeds)
        for task in (
            *(
                Task(f"{depth}x{count}-{seed}", {"depth": depth, "images": count, "seed": seed})
                for count, depth in grid
            ),
            *(
                Task(f"{guard.replace(' ', '-')}-{seed}", {"guard": guard, "seed": seed})
                for guard in (PLAIN, *params.guards)
            ),
        )
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = datasets.load(params.dataset)
    seed = task.values["seed"]
    if "guard" in task.values:
        return _guard(params, dataset, task.values["guard"], seed)
    depth, count = task.values["depth"], task.values["images"]
    few = drawn(dataset, count, seed)
    settings = config(params, depth, code_sizes(dataset.image_shape)["narrow code"][-1] * 2)
    model = fitted(settings, few, params.steps, seed)
    row: Row = {
        "part": "layers",
        "arm": layers(depth),
        "images": count,
        "seed": seed,
        **_measure(model, few),
    }
    ends = (counts(params)[0], counts(params)[-1])
    if seed or count not in ends:
        return Output([row])
    name = f"{layers(depth)}, {count:,} images"
    pictures = _pictures(model, few, name, depth == params.depths[0] and count == ends[0])
    return Output([row], pictures, stored=stored(name, model, dataset))


def _guard(params: Parameters, dataset: Dataset, guard: str, seed: int) -> Output:
    few = drawn(dataset, min(params.guard_images, len(dataset.train)), seed)
    held_out = to_float(dataset.validation.images[:MEASURED])
    tried = []
    for strength, settings in settings_of(params, guard, dataset.image_shape):
        model = fitted(settings, few, params.steps, seed)
        error = metrics.mse(held_out, reconstruct(model, held_out)).mean().item()
        tried.append((error, strength, model))
    error, strength, model = min(tried, key=lambda one: one[0])
    row: Row = {
        "part": "guards",
        "arm": guard,
        "images": len(few.train),
        "seed": seed,
        "strength": strength,
        "validation": error,
        **_measure(model, few),
    }
    return Output([row], stored=None if seed else stored(guard, model, dataset))


@torch.no_grad()
def _measure(model: Any, dataset: Dataset) -> Row:
    train = to_float(dataset.train.images[:MEASURED])
    test = to_float(dataset.test.images[:MEASURED])
    foreign = photo_crops(dataset.image_shape)[:FOREIGN]
    x_hat = reconstruct(model, test)
    seen = metrics.mse(train, reconstruct(model, train)).mean().item()
    unseen = metrics.mse(test, x_hat).mean().item()
    copied = metrics.mse(foreign, reconstruct(model, foreign)).mean().item()
    return {
        "train": seen,
        "test": unseen,
        "gap": unseen - seen,
        "memorised": memorised(test.flatten(1), x_hat.flatten(1), pixels(dataset.train)),
        "foreign": copied,
        "foreign_share": copied / foreign.var(correction=0).item(),
    }


def _pictures(model: Any, dataset: Dataset, name: str, first: bool) -> dict[str, Picture]:
    """What the network makes of new images and of photographs; the first one has these, too."""
    x = to_float(dataset.test.images[:SHOWN])
    x_hat = reconstruct(model, x)
    index: Tensor = nearest(x_hat.flatten(1), pixels(dataset.train))[1]
    crops = photo_crops(dataset.image_shape)
    alien = crops[torch.linspace(0, len(crops) - 1, SHOWN).round().long()]
    originals = {
        "new": Picture("new images", strip(x), UNSEEN),
        "photographs": Picture("photographs", strip(alien), ALIEN),
    }
    return (originals if first else {}) | {
        "rebuilt": Picture(name, strip(x_hat), UNSEEN),
        "nearest": Picture(
            f"{name}: their nearest training images",
            strip(to_float(dataset.train.images[index])),
            UNSEEN,
        ),
        "rebuilt-photographs": Picture(name, strip(reconstruct(model, alien)), ALIEN),
    }
