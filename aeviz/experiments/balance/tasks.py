"""Tasks: a training for each weight and seed."""

from __future__ import annotations

from collections import Counter
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset, Split
from aeviz.datasets.binarised import binarised
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import decode_all, encode_all
from aeviz.evaluation.likelihood import code_information
from aeviz.evaluation.validation import validate
from aeviz.experiments import maps
from aeviz.experiments.balance.arms import config, drawn
from aeviz.experiments.balance.parameters import Parameters, arm_of, roles, together
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.fitting import fitted
from aeviz.experiments.pictures import grid
from aeviz.experiments.stored import stored
from aeviz.nn.bottlenecks import reparameterize
from aeviz.nn.model import Autoencoder

VOTERS: Final = 10_000
SHOWN: Final = 2_000
SIDE: Final = 9
"""Decoded images on each side of the square of codes."""


def tasks(params: Parameters) -> list[Task]:
    """The ELBO first, then the two ends, then what lies between; seed by seed."""
    ends = (together(params), params.betas[0], params.betas[-1])
    order = [*ends, *(beta for beta in params.betas if beta not in ends)]
    return [
        Task(f"{beta:g}-{seed}", {"beta": beta, "seed": seed})
        for seed in range(params.seeds)
        for beta in order
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = binarised(datasets.load(params.dataset), "threshold")
    beta, seed = task.values["beta"], task.values["seed"]
    model = fitted(config(params, beta), dataset, params.steps, seed)
    terms = validate(model, dataset.test)
    generator = torch.Generator().manual_seed(seed)
    voters = dataset.train.take(slice(0, VOTERS))
    mu, logvar = encode_all(model, voters)
    assert logvar is not None
    train_z = reparameterize(mu, logvar, generator)
    test = dataset.test.take(slice(0, SHOWN))
    test_z = drawn(model, test, generator)
    row: Row = {
        "arm": arm_of(beta),
        "beta": beta,
        "seed": seed,
        "kl": terms["kl"],
        "recon": terms["recon"],
        "loss": terms["kl"] + terms["recon"],
        "aggregated": code_information(mu, logvar, generator).aggregated,
        "knn": metrics.knn_accuracy(train_z, voters.labels, test_z, test.labels),
        "chance": commonest(dataset),
    }
    curve: Row = {"arm": f"seed {seed}", "rate": terms["kl"], "distortion": terms["recon"]}
    if seed:
        return Output([row, curve])
    pictures = _pictures(model, params, beta, test_z, test)
    return Output([row, curve], pictures, stored=stored(arm_of(beta), model, dataset))


def commonest(dataset: Dataset) -> float:
    """Share of the test images in the largest class of the training images: what a guess gets."""
    largest = Counter(dataset.train.labels.tolist()).most_common(1)[0][0]
    return (dataset.test.labels == largest).double().mean().item()


def _pictures(
    model: Autoencoder, params: Parameters, beta: float, z: Tensor, test: Split
) -> dict[str, Picture]:
    half = maps.half_width(z)
    decoded = decode_all(model, maps.plane(SIDE)).clamp(0, 1)
    role = roles(params).get(beta)
    name = arm_of(beta) + (f", {role}" if role else "")
    return {
        "map": Picture(
            f"{name}: codes to ±{half:.3g}",
            maps.scatter(z, test.labels),
            "Codes of test images; the circle is two standard deviations of the prior",
        ),
        "decoded": Picture(f"{name}: decoded", grid(decoded, SIDE), "Codes from −2 to 2, decoded"),
    }
