"""Tasks: a training for each code size and seed, and the bounds on its likelihood."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from aeviz.datasets import Dataset
from aeviz.evaluation import likelihood, metrics
from aeviz.evaluation.evaluate import decode_all, encode_all
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.fitting import fitted
from aeviz.experiments.likelihood.arms import config, images_of
from aeviz.experiments.likelihood.parameters import EXACT, Parameters, arm_of, measure_of
from aeviz.experiments.pictures import strip
from aeviz.experiments.statistics import interval
from aeviz.experiments.stored import stored
from aeviz.nn.model import Autoencoder

SHOWN: Final = 8
GREY_DRAWS: Final = 20_000


def tasks(params: Parameters) -> list[Task]:
    return [
        Task(f"{size}-{seed}", {"size": size, "seed": seed})
        for seed in range(params.seeds)
        for size in params.sizes
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = images_of(params)
    size, seed = task.values["size"], task.values["seed"]
    model = fitted(config(params, size), dataset, params.steps, seed).cpu()
    images = dataset.test.images
    count = min(params.images, len(images))
    x = to_float(images[torch.linspace(0, len(images) - 1, count).long()])
    generator = torch.Generator().manual_seed(seed)
    log_w = likelihood.log_weights(model, x, params.counts[-1], generator)
    bounds = likelihood.bounds(log_w, params.counts)
    arm, measure = arm_of(size), measure_of(params)
    means = bounds.mean(0).tolist()
    rows: list[Row] = [
        {"arm": arm, "size": size, "seed": seed, "k": k, measure: -mean, "tighter": mean - means[0]}
        for k, mean in zip(params.counts, means, strict=True)
    ]
    rows[0] |= _codes(params, model, dataset, generator)
    rows[-1] |= _gain(bounds)
    if size <= likelihood.EXACT_SIZE:
        exact = -likelihood.log_marginal(model, x).mean().item()
        rows += [
            {"arm": arm + EXACT, "size": size, "seed": seed, "k": k, measure: exact}
            for k in params.counts
        ]
    if seed:
        return Output(rows)
    pictures = _pictures(model, x, size, generator)
    return Output(rows, pictures, stored=stored(arm, model, dataset))


def _codes(
    params: Parameters, model: Autoencoder, dataset: Dataset, generator: torch.Generator
) -> Row:
    """What the codes of the training images hold."""
    mu, logvar = encode_all(model, dataset.train)
    assert logvar is not None
    held = likelihood.code_information(mu, logvar, generator)
    row: Row = {
        "kl": held.kl,
        "aggregated": held.aggregated,
        "information": held.information,
        "active": metrics.active_units(mu),
    }
    if params.pixels == "grey":
        row["mass"] = likelihood.log_grey_mass(model, GREY_DRAWS, generator)
        row["floor"] = metrics.entropy_floor(to_float(dataset.test.images)) * mean_size(dataset)
    return row


def mean_size(dataset: Dataset) -> int:
    """The numbers in an image."""
    return math.prod(dataset.image_shape)


def _gain(bounds: Tensor) -> Row:
    """How much the last bound is above the first, with its interval over the images."""
    gain = interval((bounds[:, -1] - bounds[:, 0]).tolist())
    return {"gain": gain.mean, "gain_low": gain.low, "gain_high": gain.high}


def _pictures(
    model: Autoencoder, x: Tensor, size: int, generator: torch.Generator
) -> dict[str, Picture]:
    z = torch.randn(SHOWN, model.latent_dim, generator=generator)
    return {
        "images": Picture("test images", strip(x[:SHOWN]), arm_of(size)),
        "drawn": Picture(
            f"decoded from random codes of {arm_of(size)}",
            strip(decode_all(model, z)),
            arm_of(size),
        ),
    }
