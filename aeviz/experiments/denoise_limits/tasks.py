"""Tasks: the rivals without a network, and a training for each network and seed."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from aeviz.datasets import Dataset, load
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.denoise_limits.arms import (
    MOST,
    Restore,
    config,
    corrupted,
    kinds,
    noisy,
    percent_of,
    restored,
    rivals,
)
from aeviz.experiments.denoise_limits.parameters import AVERAGE, DENOISER, NOISY, PLAIN, Parameters
from aeviz.experiments.denoise_limits.query import store
from aeviz.experiments.fitting import fitted, pixels
from aeviz.experiments.pictures import strip
from aeviz.nn.model import Autoencoder

SHOWN: Final = 8


def tasks(params: Parameters) -> list[Task]:
    return [
        Task("plain-methods", {}),
        *(
            Task(f"{arm}-{seed}", {"arm": arm, "seed": seed})
            for seed in range(params.seeds)
            for arm in ("denoising", "plain")
        ),
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = load(params.dataset)
    if task.key == "plain-methods":
        return _rivals(params, dataset)
    arm, seed = task.values["arm"], task.values["seed"]
    model = fitted(config(arm, params), dataset, params.steps, seed)
    name = DENOISER if arm == "denoising" else PLAIN
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    for amount in params.amounts:
        x_hat = restored(model, noisy(params, dataset, amount))
        rows.append(_row(name, amount, seed, x_hat, dataset))
        if seed == 0:
            pictures |= _picture(name, amount, x_hat)
    rows += _gains(params, name, seed, model, dataset)
    kept = name == DENOISER and seed == 0
    return Output(rows, pictures, stored=store(model, dataset) if kept else None)


def _gains(
    params: Parameters, name: str, seed: int, model: Autoencoder, dataset: Dataset
) -> list[Row]:
    """How much closer the output is than the noisy image, in dB, by kind of image, with the noise
    of the training."""
    rows: list[Row] = []
    for kind, clean in kinds(dataset).items():
        x = corrupted(params, clean, params.trained, 1)
        before, after = ((some - clean).square().mean().item() for some in (x, restored(model, x)))
        if before > 0 and after > 0:
            gain = 10 * math.log10(before / after)
            rows.append({"arm": name, "seed": seed, "images": kind, "gain": gain})
    return rows


def _rivals(params: Parameters, dataset: Dataset) -> Output:
    clean = to_float(dataset.validation.images[:MOST])
    average = pixels(dataset.train).mean(0).reshape(1, *dataset.image_shape)
    choices = rivals(dataset)
    rows: list[Row] = []
    pictures = {"original": Picture("clean", strip(to_float(dataset.test.images[:SHOWN])))}
    for amount in params.amounts:
        x = noisy(params, dataset, amount)
        held_out = noisy(params, dataset, amount, "validation")
        outputs: dict[str, Tensor] = {NOISY: x, AVERAGE: average.expand_as(x)}
        sizes: dict[str, int] = {}
        for name, ways in choices.items():
            errors = [(way(held_out) - clean).square().mean().item() for _, way in ways]
            sizes[name], best = ways[errors.index(min(errors))]
            outputs[name] = best(x)
        for name, x_hat in outputs.items():
            row = _row(name, amount, 0, x_hat, dataset)
            rows.append(row | {"size": sizes[name]} if name in sizes else row)
            pictures |= _picture(name, amount, x_hat)
    return Output(rows, pictures)


def _row(arm: str, amount: float, seed: int, x_hat: Tensor, dataset: Dataset) -> Row:
    clean = to_float(dataset.test.images[:MOST])
    mse = (x_hat - clean).square().mean().item()
    row: Row = {"arm": arm, "amount": amount, "seed": seed, "mse": mse}
    if mse > 0:
        row["psnr"] = -10 * math.log10(mse)
    read = _reader(dataset)
    if read is not None:
        row["read"] = (read(x_hat) == dataset.test.labels[:MOST]).float().mean().item()
    return row


@lru_cache(maxsize=2)
def _reader(dataset: Dataset) -> Restore | None:
    train = dataset.train.take(slice(0, MOST))
    if len(train.labels.unique()) < 2:
        return None
    return classifier(to_float(train.images), train.labels)


def classifier(x: Tensor, labels: Tensor) -> Restore:
    """Multinomial logistic regression on the pixels of clean images x (N, C, H, W), labels (N,):
    images -> the classes (N,) that they are taken for. It has never seen noise."""
    from sklearn.linear_model import LogisticRegression  # slow to import

    model = LogisticRegression(C=0.1, tol=1e-3, max_iter=200)
    model.fit(x.flatten(1).numpy(), labels.numpy())
    return lambda x: torch.from_numpy(model.predict(x.flatten(1).nan_to_num().numpy()))


def _picture(arm: str, amount: float, x_hat: Tensor) -> dict[str, Picture]:
    percent = f"{percent_of(amount)} noise"
    name = f"{arm.replace(' ', '-')}-{round(1e4 * amount)}"
    return {name: Picture(f"{arm}, {percent}", strip(x_hat[:SHOWN]), percent)}
