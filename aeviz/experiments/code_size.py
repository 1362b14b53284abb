"""How small may the code be? Reconstruction error and class information over the code size.

Arms: PCA, and networks that are trained for equally many steps at each size. Hinton & Salakhutdinov
2006 compare an autoencoder's 30 numbers with PCA's in this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.evaluation import intrinsic_dimension, metrics
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.validation import to_float
from aeviz.experiments import parameters as p
from aeviz.experiments.base import (
    BreakIt,
    Chart,
    Choice,
    Experiment,
    Numeric,
    Output,
    Picture,
    Prediction,
    Result,
    Row,
    Task,
    Verdict,
)
from aeviz.experiments.fitting import codes, fitted, pixels
from aeviz.experiments.pictures import strip
from aeviz.experiments.probes import linear_accuracy
from aeviz.experiments.statistics import compare, interval
from aeviz.presets.autoencoders import settings_for

ARMS: Final = {
    "pca": "PCA",
    "linear": "linear",
    "dense": "dense",
    "conv": "conv",
    "vae": "VAE",
}
TYPES: Final = {"dense": "standard", "conv": "convolutional"}
"""Types of autoencoder that have another name than their arm."""
SHOWN = 8
"""Test images in a row of reconstructions."""
NEIGHBOURS = 2_000
"""Images from which the intrinsic dimension is estimated."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    arms: tuple[str, ...] = p.choices(
        ("pca", "linear", "dense", "vae"), "Arms", "What is compared.", (*ARMS,)
    )
    sizes: tuple[int, ...] = p.numbers(
        (2, 8, 32, 128), "Code sizes", "How many numbers the code has.", 1, 1024, 12
    )
    steps: int = p.number(
        320, "Training steps", "The same for each network and each size.", 20, 100_000
    )
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    if "pca" not in found.arms or len(found.arms) < 2:
        raise UserError("Compare PCA with at least one network: name both in Arms (arms).")
    values = datasets.find(found.dataset).image_shape
    if found.sizes[-1] > 2 * values[0] * values[1] * values[2]:
        raise UserError("A code of more than twice the numbers of an image shows nothing new.")


def tasks(found: Parameters) -> list[Task]:
    """PCA and the data's dimension first; then seed by seed, so that a curve is soon there."""
    first = [Task("data", {}), Task("pca", {"sizes": list(found.sizes)})]
    return first + [
        Task(f"{arm}-{size}-{seed}", {"arm": arm, "size": size, "seed": seed})
        for seed in range(found.seeds)
        for arm in found.arms
        if arm != "pca"
        for size in sorted(found.sizes, key=lambda size: abs(size - 32))
    ]


def work(found: Parameters, task: Task) -> Output:
    dataset = datasets.load(found.dataset)
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
        return _pca(dataset, found.sizes)
    arm, size, seed = task.values["arm"], task.values["size"], task.values["seed"]
    model = fitted(config(arm, found.dataset, size), dataset, found.steps, seed)
    x = to_float(dataset.test.images)
    x_hat = reconstruct(model, x)
    mse = metrics.mse(x, x_hat).mean().item()
    row = _row(
        arm, size, seed, mse, dataset, codes(model, dataset.train), codes(model, dataset.test)
    )
    row["pca_numbers"] = pca_numbers(dataset, mse)
    return Output([row], _strip(arm, size, x_hat) if seed == 0 else {})


def config(arm: str, dataset: str, size: int) -> RunConfig:
    """The settings of a network: those of its type for the data set, with this code size."""
    settings = settings_for(TYPES.get(arm, arm), dataset)
    if arm == "vae":
        settings = settings.replace(**{"network.hidden": [256]})
    return settings.replace(**{"bottleneck.latent_dim": size})


def _pca(dataset: Dataset, sizes: Sequence[int]) -> Output:
    train, test = pixels(dataset.train), pixels(dataset.test)
    mean, basis = _components(dataset)
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
    caption = f"{ARMS[arm]}, {size} number{'s' * (size != 1)}"
    return {f"{arm}-{size}": Picture(caption, strip(x_hat[:SHOWN]), ARMS[arm])}


@lru_cache(maxsize=2)
def _components(dataset: Dataset) -> tuple[Tensor, Tensor]:
    train = pixels(dataset.train)
    return train.mean(0), metrics.pca_subspace(train, train.shape[1])


@lru_cache(maxsize=2)
def _pca_errors(dataset: Dataset) -> Tensor:
    """Test error per pixel of PCA with 0, 1, 2 ... components, as it is before clipping."""
    mean, basis = _components(dataset)
    centred = pixels(dataset.test).double() - mean
    left = centred.square().sum(1).mean()
    explained = (centred @ basis).square().mean(0).cumsum(0)
    return torch.cat([left[None], left - explained]) / centred.shape[1]


def pca_numbers(dataset: Dataset, mse: float) -> int:
    """The fewest components with which PCA's error is at most `mse`; one more than there are if
    none is enough."""
    return int((_pca_errors(dataset) > mse).sum())


def judge(result: Result) -> Verdict:
    """At 32 numbers (or the size nearest to it) the best network against PCA; and whether the
    smallest code loses more than the largest."""
    sizes = sorted(result.values("size", arm="PCA"))
    size = min(sizes, key=lambda size: abs(size - 32))
    networks = {
        arm: result.of("mse", arm=arm, size=size)
        for arm in result.values("arm")
        if arm not in ("data", "PCA", ARMS["linear"]) and result.of("mse", arm=arm, size=size)
    }
    if not networks:
        return Verdict("open", "No network is trained yet.")
    best = min(networks, key=lambda arm: interval(networks[arm]).mean)
    pca = result.of("mse", arm="PCA", size=size)
    difference = compare(networks[best], pca)
    mean = interval(networks[best])
    worth = interval(result.of("pca_numbers", arm=best, size=size)).mean
    numbers = f"{size} number{'s' * (size != 1)}"
    ends = [result.of("mse", arm=best, size=end) for end in (sizes[0], sizes[-1])]
    falls = all(ends) and len(sizes) > 1 and interval(ends[0]).mean > interval(ends[1]).mean
    change = (
        f" From {sizes[0]} to {sizes[-1]} numbers its error falls from "
        f"{interval(ends[0]).mean:.4f} to {interval(ends[1]).mean:.4f}."
        if falls
        else ""
    )
    if difference.ahead == "b":
        return Verdict(
            "holds" if falls else "open",
            f"With {numbers} the best network ({best}) has an error of {mean} per pixel, PCA "
            f"{pca[0]:.3g}: as little as PCA with {worth:.0f} numbers.{change}",
        )
    if difference.ahead == "a":
        return Verdict(
            "fails",
            f"With {numbers} PCA is better: {pca[0]:.3g} per pixel against {mean} of the best "
            f"network ({best}).{change}",
        )
    return Verdict(
        "open",
        f"With {numbers} it is too close to call: PCA {pca[0]:.3g} per pixel, the best network "
        f"({best}) {mean}.{change}",
    )


def dimensions(result: Result) -> list[tuple[float, str]]:
    """The intrinsic dimension of the data, as marks on the axis of the code size."""
    return [
        (result.of(name, arm="data")[0], f"{label} {result.of(name, arm='data')[0]:.0f}")
        for name, label in (("two_nn", "TwoNN"), ("mle", "MLE"))
        if result.of(name, arm="data")
    ]


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        ("Equal for all networks", f"{found.steps} training steps, whatever the code size"),
        ("Error", "mean squared error per pixel of the test images"),
        ("Class information", "5 nearest neighbours, and logistic regression on the codes"),
        ("Tuned on", "nothing: each type has the settings that Train starts with"),
        ("Intrinsic dimension", f"TwoNN and MLE (k = 10) on {NEIGHBOURS:,} training images"),
    ]


def _answer(result: Result) -> float | None:
    pca, dense = (result.of("mse", arm=arm, size=32) for arm in ("PCA", "dense"))
    return pca[0] / interval(dense).mean if pca and dense else None


EXPERIMENT = Experiment(
    name="code-size",
    title="How small may the code be?",
    claim="A smaller code loses more, and 32 numbers of an autoencoder are worth more than 32 of "
    "PCA.",
    why="PCA may only place a flat plane through the data. A network with hidden layers bends it, "
    "so the same count of numbers reaches more images. The gain is largest for small codes. Beyond "
    "the data's intrinsic dimension, more numbers only store details and noise: the error still "
    "falls, but what the code says about the class no longer grows.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "mse",
            "Error per pixel (MSE)",
            "size",
            "numbers in the code",
            log_x=True,
            log_y=True,
            better="lower",
            marks=dimensions,
            note="Marks on the axis: the intrinsic dimension of the data, by two estimates.",
        ),
        Chart(
            "knn",
            "Accuracy of 5 nearest neighbours",
            "size",
            "numbers in the code",
            log_x=True,
            better="higher",
        ),
        Chart(
            "probe",
            "Accuracy of a linear classifier",
            "size",
            "numbers in the code",
            log_x=True,
            better="higher",
        ),
    ),
    prediction=Prediction(
        "Draw the error of the dense autoencoder over the size of its code.",
        "dense",
        lambda found: found.sizes,
        0.0,
        0.08,
        winner=("PCA", "dense autoencoder", "equal"),
    ),
    break_it=BreakIt(
        "A code as wide as the image",
        "With 1,024 numbers nothing has to be left out. The error keeps falling. What happens to "
        "the accuracy?",
        {"sizes": [8, 32, 256, 1024], "arms": ["pca", "dense"], "seeds": 2},
    ),
    questions=(
        Choice(
            "The error keeps falling as the code grows. Is a larger code always better?",
            ("Yes, the error is what counts", "No, it depends on what the code is for"),
            1,
            (
                "A code as large as the image has no error at all, and says nothing new.",
                "To compress or to classify, a small code is better. Its accuracy stops growing "
                "long before its error stops falling.",
            ),
        ),
        Choice(
            "Why does the linear autoencoder follow PCA so closely?",
            (
                "Both can only place a plane through the data",
                "Both are trained by gradient descent",
            ),
            0,
            (
                "With linear layers and squared error the best autoencoder spans the same plane as "
                "PCA.",
                "PCA is computed from an eigendecomposition, without any training.",
            ),
        ),
        Numeric(
            "In your result: how many times as large is PCA's error as the dense autoencoder's at "
            "32 numbers?",
            _answer,
            "It is the ratio of the two points above each other in the first chart.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "arms": ["pca", "linear", "dense", "conv", "vae"],
        "sizes": [1, 2, 4, 8, 16, 32, 64, 128],
        "steps": 4000,
        "seeds": 3,
    },
    table=("arm", "size", "mse", "pca_numbers", "knn", "probe"),
    recipe=lambda found, row: (
        config(
            next(key for key, label in ARMS.items() if label == row["arm"]),
            found.dataset,
            int(row["size"]),
        )
        if row["arm"] not in ("data", "PCA")
        else None
    ),
)
