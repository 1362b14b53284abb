"""Tasks: the noise of the gradients, and a training with each estimator, for each seed."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset
from aeviz.datasets.binarised import binarised
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.pictures import strip
from aeviz.experiments.reparameterise.arms import RATES, start, steps
from aeviz.experiments.reparameterise.parameters import ARMS, BATCH, POINTS, Parameters
from aeviz.experiments.stored import stored
from aeviz.nn.estimators import Estimator, encoder_gradient, surrogate
from aeviz.nn.model import Autoencoder

DRAWS: Final = 40
"""Gradients whose spread is the noise."""
TEST_IMAGES: Final = 1_000
TEST_DRAWS: Final = 4
SHOWN: Final = 8


def tasks(params: Parameters) -> list[Task]:
    """The noise of the first seed comes first: it is there after seconds."""
    return [
        task
        for seed in range(params.seeds)
        for task in (
            Task(f"noise-{seed}", {"seed": seed}),
            *(Task(f"{kind}-{seed}", {"kind": kind, "seed": seed}) for kind in ARMS),
        )
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = binarised(datasets.load(params.dataset), "threshold")
    seed = task.values["seed"]
    if "kind" not in task.values:
        return Output(noise(params, dataset, seed))
    return training(params, dataset, task.values["kind"], seed)


def noise(params: Parameters, dataset: Dataset, seed: int) -> list[Row]:
    """The spread of single gradients around their mean, as a share of the mean's length.

    At the weights that a quarter of the training with the trick reaches, for one batch. The mean of
    all gradients with the trick and the most samples counts as the true gradient.
    """
    model = start(params, dataset, seed)
    for _ in steps(model, dataset, "pathwise", params.samples, RATES[0], seed, params.steps // 4):
        pass
    x = to_float(dataset.train.images[:BATCH])
    generator = torch.Generator().manual_seed(seed)

    def gradients(kind: Estimator, samples: int) -> tuple[Tensor, Tensor]:
        """Mean (P,) and, summed over weights, variance of single gradients."""
        total: Tensor = torch.zeros(())
        squares: Tensor = torch.zeros(())
        for _ in range(DRAWS):
            row = encoder_gradient(model, surrogate(model, x, kind, samples, generator)[0]).double()
            total, squares = total + row, squares + row.square().sum()
        mean = total / DRAWS
        return mean, (squares - DRAWS * mean.square().sum()) / (DRAWS - 1)

    kinds: tuple[Estimator, ...] = ("pathwise", "score", "score-baseline")
    spreads = {
        (kind, samples): gradients(kind, samples)
        for samples in params.noise_samples
        for kind in kinds
    }
    mean, variance = spreads["pathwise", max(params.noise_samples)]
    length = (mean.square().sum() - variance / DRAWS).clamp(min=1e-12)  # without its own noise
    return [
        {
            "arm": ARMS[kind],
            "seed": seed,
            "samples": samples,
            "noise": (variance / length).sqrt().item(),
        }
        for (kind, samples), (_, variance) in spreads.items()
    ]


def training(params: Parameters, dataset: Dataset, kind: Estimator, seed: int) -> Output:
    """Trains with each learning rate and keeps the run that is best on the validation images."""
    runs = [_trained(params, dataset, kind, lr, seed) for lr in RATES]
    validation, rows, model = min(runs, key=lambda run: run[0])
    rows[-1]["validation"] = validation
    if seed:
        return Output(rows)
    x = to_float(dataset.test.images[:SHOWN])
    pictures: dict[str, Picture] = {
        kind: Picture(ARMS[kind], strip(reconstruct(model, x)), "Reconstructions")
    }
    if kind == "pathwise":
        pictures = {"original": Picture("originals", strip(x), "Reconstructions")} | pictures
    kept = stored(ARMS[kind], model, dataset) if math.isfinite(validation) else None
    return Output(rows, pictures, stored=kept)


def _trained(
    params: Parameters, dataset: Dataset, kind: Estimator, lr: float, seed: int
) -> tuple[float, list[Row], Autoencoder]:
    """The validation loss, infinite if the training diverges; the curve; and the model."""
    model = start(params, dataset, seed)
    places = {round(params.steps * i / (POINTS - 1)) for i in range(1, POINTS)}
    rows: list[Row] = []

    def measure(step: int) -> None:
        rows.append(
            {
                "arm": ARMS[kind],
                "seed": seed,
                "step": step,
                "loss": negative_elbo(model, dataset.test.images),
                "rate": lr,
            }
        )

    measure(0)
    for step in steps(model, dataset, kind, params.samples, lr, seed, params.steps):
        if step in places:
            measure(step)
    validation = negative_elbo(model, dataset.validation.images)
    return (validation if math.isfinite(validation) else math.inf), rows, model


@torch.no_grad()
def negative_elbo(model: Autoencoder, images: Tensor) -> float:
    """Nats per image, by a few draws that are the same each time."""
    generator = torch.Generator().manual_seed(0)
    x = to_float(images[:TEST_IMAGES])
    losses = [
        surrogate(model, part, "pathwise", TEST_DRAWS, generator)[1].item() * len(part)
        for part in x.split(250)
    ]
    return sum(losses) / len(x)
