"""Tasks: the real images, and each model and seed: samples, straight lines, the Jacobian."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset
from aeviz.evaluation.classifier import Classifier, train_classifier
from aeviz.evaluation.evaluate import decode_all
from aeviz.evaluation.memorisation import nearest
from aeviz.evaluation.sample_quality import quality
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.fitting import codes, fitted
from aeviz.experiments.pictures import grid, strip
from aeviz.experiments.regularity.arms import MAX_CODES, MAX_REAL, config, drawn_codes, samples
from aeviz.experiments.regularity.parameters import MODELS, Parameters
from aeviz.experiments.stored import stored
from aeviz.latent.projection import PCA2
from aeviz.latent.regularity import gap_share, lines, log_volumes, smoothness
from aeviz.nn.model import Autoencoder

REAL: Final = "unseen images"
K: Final = 5
SURE_QUANTILE: Final = 0.05
PATHS: Final = 100
STEPS_OF_PATH: Final = 16
MAP_SIDE: Final = 24
MAP_PIXELS: Final = 6
VOLUMES: Final = 64
SHOWN: Final = 20


def tasks(params: Parameters) -> list[Task]:
    """The real images first, then seed by seed."""
    return [Task("real", {})] + [
        Task(f"{kind}-{seed}", {"kind": kind, "seed": seed})
        for seed in range(params.seeds)
        for kind in MODELS
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = datasets.load(params.dataset)
    judge_of = _classifier(dataset)
    if task.key == "real":
        x = to_float(dataset.train.images[:MAX_REAL])
        row = {"arm": REAL, "seed": 0, **_quality(dataset, judge_of, x)}
        row["classifier"] = judge_of.accuracy(dataset.test)
        return Output([row], {"real": Picture(REAL, grid(x[:SHOWN], SHOWN), "Samples")})
    kind, seed = task.values["kind"], task.values["seed"]
    model = fitted(config(params, kind), dataset, params.steps, seed)
    z, test_z = codes(model, dataset.train), codes(model, dataset.test)
    used = drawn_codes(model, dataset, seed)
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    for arm, drawn in samples(params, kind, z, seed).items():
        x = decode_all(model, drawn).clamp(0, 1)
        gaps = gap_share(used, drawn)
        rows.append({"arm": arm, "seed": seed, **_quality(dataset, judge_of, x), "gaps": gaps})
        if seed == 0:
            pictures[f"samples{len(rows)}"] = Picture(arm, grid(x[:SHOWN], SHOWN), "Samples")
    rows.append({"arm": MODELS[kind], "seed": seed, **_paths(dataset, judge_of, model, test_z)})
    if seed:
        return Output(rows)
    pictures |= _pictures(kind, model, test_z, z)
    return Output(rows, pictures, stored=stored(MODELS[kind], model, dataset))


@lru_cache(maxsize=2)
def _classifier(dataset: Dataset) -> Classifier:
    return train_classifier(dataset.train, len(dataset.class_names))


@lru_cache(maxsize=2)
def _unseen(dataset: Dataset) -> Tensor:
    """Test and validation images: what samples are compared with."""
    both = torch.cat([dataset.test.images, dataset.validation.images])
    return to_float(both[:MAX_REAL])


def _quality(dataset: Dataset, judge_of: Classifier, x: Tensor) -> Row:
    real = _unseen(dataset)
    limit = torch.quantile(judge_of.answers(real)[0], SURE_QUANTILE)
    found = quality(judge_of.features(real), judge_of.features(x), K)
    return {
        "sure": (judge_of.answers(x)[0] >= limit).float().mean().item(),
        "precision": found.precision,
        "density": found.density,
        "recall": found.recall,
        "coverage": found.coverage,
    }


def _paths(dataset: Dataset, judge_of: Classifier, model: Autoencoder, z: Tensor) -> Row:
    """Straight lines between the codes of pairs of test images, the same pairs for each model."""
    half = min(PATHS, len(z) // 2)
    between = lines(z[:half], z[half : 2 * half], STEPS_OF_PATH)
    x = decode_all(model, between.flatten(0, 1)).clamp(0, 1)
    sure, classes = judge_of.answers(x)
    sure, classes = sure.reshape(half, -1), classes.reshape(half, -1)
    flips = (classes[:, 1:] != classes[:, :-1]).sum(1)
    needed = (classes[:, 0] != classes[:, -1]).long()
    away = nearest(x.flatten(1), to_float(dataset.train.images[:MAX_CODES]).flatten(1))[0]
    volumes = log_volumes(model.decode, z[:VOLUMES].to(next(model.parameters()).device))
    finite = volumes[volumes.isfinite()]
    return {
        "smoothness": smoothness(x.reshape(half, STEPS_OF_PATH, -1)).mean().item(),
        "flips": (flips - needed).float().mean().item(),
        "lowest": sure.amin(1).mean().item(),
        "from_images": (away / x[0].numel() ** 0.5).mean().item(),
        "stretch": finite.std().item() if len(finite) > 1 else 0.0,
        "error": _error(dataset, model, z),
    }


def _error(dataset: Dataset, model: Autoencoder, z: Tensor) -> float:
    x_hat = decode_all(model, z).clamp(0, 1)
    return (x_hat - to_float(dataset.test.images)).square().mean().item()


def _pictures(kind: str, model: Autoencoder, test_z: Tensor, z: Tensor) -> dict[str, Picture]:
    pictures = {}
    for number in range(2):
        (path,) = lines(test_z[2 * number][None], test_z[2 * number + 1][None], 12)
        x = decode_all(model, path).clamp(0, 1)
        pictures[f"path{number}"] = Picture(
            MODELS[kind], strip(x), f"A straight line between two codes, {number + 1}"
        )
    caption = f"{MODELS[kind]}: bright where the decoder stretches"
    pictures["map"] = Picture(caption, _map(model, z), "Stretching over the plane of the codes")
    return pictures


def _map(model: Autoencoder, z: Tensor) -> bytes:
    """log10 of the decoder's volume over the plane of most variance of the codes, from the 1 % to
    the 99 % quantile on both axes. White is the largest, black 10 times less in each dimension."""
    plane = PCA2.fit(z.numpy())
    places = torch.from_numpy(plane.project(z.numpy()))
    low, high = (torch.quantile(places, q, dim=0) for q in (0.01, 0.99))
    axes = [torch.linspace(low[i].item(), high[i].item(), MAP_SIDE) for i in (0, 1)]
    over = torch.cartesian_prod(axes[1].flip(0), axes[0]).flip(1)  # row by row, from the top
    at = torch.from_numpy(plane.inverse(over.numpy())).float()
    volumes = log_volumes(model.decode, at.to(next(model.parameters()).device))
    grey = ((volumes - volumes.amax()) / model.latent_dim + 1).nan_to_num(0).clamp(0, 1).float()
    image = grey.reshape(1, 1, MAP_SIDE, MAP_SIDE)
    return strip(image.repeat_interleave(MAP_PIXELS, 2).repeat_interleave(MAP_PIXELS, 3))
