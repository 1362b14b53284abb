"""Tasks: PCA at all code sizes, and a training for each network, size and seed."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset
from aeviz.evaluation import intrinsic_dimension, metrics
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.code_size.arms import components_of, config, pca_numbers
from aeviz.experiments.code_size.parameters import ARMS, Parameters
from aeviz.experiments.fitting import codes, fitted, pixels
from aeviz.experiments.pictures import strip
from aeviz.experiments.probes import linear_accuracy
from aeviz.experiments.stored import stored

SHOWN = 8
"""Test images in a row of reconstructions."""
NEIGHBOURS = 2_000
"""Images from which the intrinsic dimension is estimated."""


def tasks(params: Parameters) -> list[Task]:
    """PCA and the data's dimension first; then seed by seed, so that a curve is soon there."""
    first = [Task("data", {}), Task("pca", {"sizes": list(params.sizes)})]
    return first + [
        Task(f"{arm}-{size}-{seed}", {"arm": arm, "size": size, "seed": seed})
        for seed in range(params.seeds)
        for arm in params.arms
        if arm != "pca"
        for size in sorted(params.sizes, key=lambda size: abs(size - 32))
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = datasets.load(params.dataset)
    if task.key == "data":
        few = dataset.train.images[:NEIGHBOURS]
        row: Row = {
            "arm": "data",
            "two_nn": intrinsic_dimension.two_nn(to_float(few)),
            "mle": intrinsic_dimension.mle(to_float(few)),
        }
        original = to_float(dataset.test.images[:SHOWN])
        return Output([row], {"original": Picture("originals", strip(original))})
    if task.key == "pca":
        return _pca(dataset, params.sizes)
    arm, size, seed = task.values["arm"], task.values["size"], task.values["seed"]
    model = fitted(config(arm, params.dataset, size, params.network), dataset, params.steps, seed)
    x = to_float(dataset.test.images)
    x_hat = reconstruct(model, x)
    mse = metrics.mse(x, x_hat).mean().item()
    row = _row(
        arm, size, seed, mse, dataset, codes(model, dataset.train), codes(model, dataset.test)
    )
    row["pca_numbers"] = pca_numbers(dataset, mse)
    if seed:
        return Output([row])
    kept = stored(_name(arm, size), model, dataset)
    return Output([row], _strip(arm, size, x_hat), stored=kept)


def _pca(dataset: Dataset, sizes: Sequence[int]) -> Output:
    train, test = pixels(dataset.train), pixels(dataset.test)
    mean, basis = components_of(dataset)
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    for size in sizes:
        directions = basis[:, :size].float()
        z, test_z = (train - mean) @ directions, (test - mean) @ directions
        x_hat = (test_z @ directions.T + mean).clamp(0, 1).reshape(-1, *dataset.image_shape)
        mse = (test - x_hat.flatten(1)).square().mean().item()
        rows.append(_row("pca", size, 0, mse, dataset, z, test_z))
        pictures |= _strip("pca", size, x_hat)
    return Output(rows, pictures)


def _row(
    arm: str, size: int, seed: int, mse: float, dataset: Dataset, z: Tensor, test_z: Tensor
) -> Row:
    row: Row = {"arm": ARMS[arm], "size": size, "seed": seed, "mse": mse}
    if len(dataset.class_names) > 1:
        train, test = dataset.train.labels[:10_000], dataset.test.labels[:2_000]
        z, test_z = z[:10_000], test_z[:2_000]
        row["knn"] = metrics.knn_accuracy(z, train, test_z, test)
        row["probe"] = linear_accuracy(z, train, test_z, test)
    return row


def _strip(arm: str, size: int, x_hat: Tensor) -> dict[str, Picture]:
    return {f"{arm}-{size}": Picture(_name(arm, size), strip(x_hat[:SHOWN]), ARMS[arm])}


def _name(arm: str, size: int) -> str:
    return f"{ARMS[arm]}, {size} number{'s' * (size != 1)}"
