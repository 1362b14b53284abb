"""Does a linear autoencoder learn PCA? Its error and its plane while it trains, beside PCA's.

Baldi & Hornik 1989: of all linear autoencoders with squared error, the best ones span the subspace
of the first principal components, and every other stationary point is a saddle. The columns of the
decoder are any basis of that subspace: only a rotation makes principal components of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.device import pick_device
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import decode_all
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
from aeviz.experiments.fitting import codes, first, pixels
from aeviz.experiments.pictures import strip
from aeviz.experiments.statistics import interval
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for
from aeviz.presets.defaults import epochs_for
from aeviz.training.fit import fit
from aeviz.training.loop import StepResult
from aeviz.training.state import begin

RELUS: Final = ("none", "code", "hidden")
HIDDEN = 128
"""ReLU units of the hidden layer on each side, if there is one."""
HIDDEN_RATE = 0.004
PER_DECADE = 4
SHOWN = 16
EQUAL_ERROR = 0.01
"""Shares of PCA's error that count as no difference."""
EQUAL_ANGLE = 5.0
"""Degrees between the planes that count as none."""
PCA = "PCA"
AXES: Final = ("as learned", "after rotation")
GROUP = "Directions in the space of images"


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    images: int = p.number(
        4_000, "Training images", "The network and PCA see the same ones.", 20, 60_000
    )
    size: int = p.number(16, "Code size", "How many numbers the code has.", 1, 64)
    steps: int = p.number(1500, "Training steps", "How long each network trains.", 50, 100_000)
    relu: str = p.choice(
        "none",
        "ReLU",
        "Where the network is not linear: nowhere, at the code, or in one hidden layer on each "
        f"side of {HIDDEN} units.",
        RELUS,
    )
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    source = datasets.find(found.dataset)
    most = min(math.prod(source.image_shape), source.counts[0], found.images) - 1
    if found.size > most:
        raise UserError(
            f"A code of {found.size} numbers can copy each of these images of {source.title}: "
            f"choose a code size (size) of at most {most}."
        )


def tasks(found: Parameters) -> list[Task]:
    """PCA, then one training per seed."""
    return [Task("pca", {})] + [
        Task(f"{found.relu}-{seed}", {"seed": seed}) for seed in range(found.seeds)
    ]


def work(found: Parameters, task: Task) -> Output:
    dataset = _data(found.dataset, found.images)
    if not _components(dataset, found.size).shape[1]:
        raise UserError("All images are the same, so PCA has no direction: choose other images.")
    return _pca(found, dataset) if task.key == "pca" else _train(found, dataset, task)


def arm(found: Parameters) -> str:
    """What the network is called in rows and charts."""
    return {"none": "linear", "code": "ReLU code", "hidden": "ReLU layer"}[found.relu]


def config(found: Parameters) -> RunConfig:
    """The Linear type of Train, with the code size and the ReLU asked for.

    float32: bfloat16's three digits would end in an angle of some degrees.
    """
    settings = settings_for("linear", found.dataset)
    changes = {"bottleneck.latent_dim": found.size, "training.precision": "fp32"}
    if found.relu == "code":
        changes |= {"bottleneck.activation": "relu"}
    if found.relu == "hidden":
        changes |= {
            "network.hidden": [HIDDEN],
            "network.activation": "relu",
            "training.lr": min(settings.training.lr, HIDDEN_RATE),
        }
    return settings.replace(**changes)


def measured_at(found: Parameters) -> list[int]:
    """The steps after which the network is measured, evenly apart on a logarithmic axis."""
    count = 1 + round(PER_DECADE * math.log10(found.steps))
    places = torch.logspace(0, math.log10(found.steps), count, dtype=torch.float64)
    return sorted({*places.round().int().tolist()} | {found.steps})


def _pca(found: Parameters, dataset: Dataset) -> Output:
    train, test = pixels(dataset.train), pixels(dataset.test)
    row: Row = {
        "arm": PCA,
        "seed": 0,
        "mse": metrics.pca_error(train, train, found.size),
        "test_mse": metrics.pca_error(train, test, found.size),
    }
    at = measured_at(found)
    basis = _components(dataset, found.size)
    picture = Picture("the first principal components", _directions(basis, dataset), GROUP)
    return Output([row | {"step": at[0]}, row | {"step": at[-1]}], {"components": picture})


def _train(found: Parameters, dataset: Dataset, task: Task) -> Output:
    seed = task.values["seed"]
    settings = config(found)
    epochs = epochs_for(found.steps, len(dataset.train), settings.training.batch_size)
    settings = settings.replace(**{"training.epochs": epochs, "training.seed": seed})
    state = begin(settings, dataset, pick_device(settings.training.device))
    at = measured_at(found)
    rows: list[Row] = []

    def on_step(result: StepResult) -> None:
        if result.step in at:
            state.model.eval()
            row = _measure(state.model, dataset, found.size)
            rows.append({"arm": arm(found), "step": result.step, "seed": seed, **row})
            state.model.train()

    outcome = fit(state, dataset, on_step, should_stop=lambda: state.step >= found.steps)
    if outcome.reason not in ("done", "stopped"):
        raise UserError(outcome.message)
    model = state.model.eval().requires_grad_(False)
    basis = _components(dataset, found.size)
    columns = _plane(model, codes(model, dataset.train))
    turned = rotated(columns, pixels(dataset.train))
    for axes, share in zip(
        AXES, (best_match(columns, basis), in_order(turned, basis)), strict=True
    ):
        rows.append({"arm": arm(found), "seed": seed, "axes": axes, "match": share})
    if seed:
        return Output(rows)
    learned = Picture("the decoder's columns as learned", _directions(columns, dataset), GROUP)
    after = Picture("the same plane after rotation", _directions(turned, dataset), GROUP)
    return Output(rows, {"columns": learned, "rotated": after})


@torch.no_grad()
def _measure(model: Autoencoder, dataset: Dataset, size: int) -> Row:
    errors = []
    train_z, test_z = codes(model, dataset.train), codes(model, dataset.test)
    for split, z in ((dataset.train, train_z), (dataset.test, test_z)):
        x_hat = decode_all(model, z).flatten(1)
        errors.append((x_hat - pixels(split)).square().mean().item())
    angles = metrics.principal_angles(_plane(model, train_z), _components(dataset, size))
    return {
        "mse": errors[0],
        "test_mse": errors[1],
        "angle": angles[0].item(),
        "mean_angle": angles.mean().item(),
    }


def _plane(model: Autoencoder, z: Tensor) -> Tensor:
    """The decoder's Jacobian at the mean of the codes z (N, d): (D, d) on the CPU. It is the weight
    matrix if the decoder is linear, else what touches the decoder's surface there."""
    middle = z.mean(0).to(next(model.parameters()).device)
    jacobian = torch.func.jacfwd(lambda code: model.decode(code[None])[0].flatten())(middle)
    return jacobian.detach().cpu()


def rotated(columns: Tensor, x: Tensor) -> Tensor:
    """The directions within the span of `columns` (D, d) along which the images x (N, D) vary most,
    most first: (D, d) float64, orthonormal. PCA within the plane, and so a rotation of any
    orthonormal basis of it."""
    basis = torch.linalg.qr(columns.double()).Q
    inside = (x.double() - x.double().mean(0)) @ basis
    _, vectors = torch.linalg.eigh(inside.T @ inside)
    return basis @ vectors.flip(1)


def best_match(columns: Tensor, components: Tensor) -> float:
    """Mean over components (D, d) of the largest |cosine| to any column (D, k): 1 if each component
    is one of the columns."""
    units = torch.nn.functional.normalize(columns.double(), dim=0)
    return (components.T @ units).abs().amax(1).mean().item()


def in_order(columns: Tensor, components: Tensor) -> float:
    """Mean |cosine| of the i-th column and the i-th component, both (D, d)."""
    count = components.shape[1]
    units = torch.nn.functional.normalize(columns.double(), dim=0)[:, :count]
    return (components * units).sum(0).abs().mean().item()


@lru_cache(maxsize=2)
def _data(name: str, images: int) -> Dataset:
    return first(datasets.load(name), images)


@lru_cache(maxsize=2)
def _components(dataset: Dataset, size: int) -> Tensor:
    return metrics.pca_subspace(pixels(dataset.train), size)


def _directions(columns: Tensor, dataset: Dataset) -> bytes:
    """The first columns (D, d) as images beside each other: grey is zero. The largest number of
    each is positive, as a direction has no sign."""
    shown = columns.T[:SHOWN].float()
    largest = shown.gather(1, shown.abs().argmax(1, keepdim=True))
    images = 0.5 + 0.5 * shown / torch.where(largest == 0, 1, largest)
    return strip(images.clamp(0, 1).reshape(-1, *dataset.image_shape))


def judge(result: Result) -> Verdict:
    """After the last step: the error as a share of PCA's, and the largest angle of the planes.

    An equal error at another angle is open: further steps may turn the plane, slowly if the last
    component within it explains hardly more than the first one outside.
    """
    found = result.parameters
    name, last = arm(found), found.steps
    pca = result.of("mse", arm=PCA)
    errors = result.of("mse", arm=name, step=last)
    if not pca or not errors:
        return Verdict("open", "No network is trained yet.")
    excess = interval([error / pca[0] - 1 for error in errors])
    angle = interval(result.of("angle", arm=name, step=last))
    above = "above" if excess.mean >= 0 else "below"
    said = (
        f"After {last:,} steps the error of the network ({name}) is {interval(errors).mean:.5f} "
        f"per pixel, PCA's {pca[0]:.5f}: {abs(excess.mean):.2%} {above} it. The largest angle "
        f"between the two planes is {angle} degrees."
    )
    if len(errors) < 2:
        return Verdict("open", f"{said} One seed does not carry a verdict.")
    same_error = max(abs(excess.low), abs(excess.high)) <= EQUAL_ERROR
    other_error = excess.low > EQUAL_ERROR or excess.high < -EQUAL_ERROR
    if same_error and angle.high <= EQUAL_ANGLE:
        return Verdict("holds", f"{said} So both have learned the same.")
    if other_error:
        winner = "PCA" if excess.mean > 0 else "the network"
        return Verdict("fails", f"{said} So it is not PCA. The lower error is that of {winner}.")
    if same_error and angle.low > EQUAL_ANGLE:
        return Verdict("open", f"{said} The error is PCA's, the plane is not yet: train longer.")
    return Verdict("open", f"{said} That is too close to call: train longer.")


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        ("Network", "the Linear type of Train: no hidden layer, linear output, squared error"),
        ("Error", "mean squared error per pixel of the training images, for which PCA is optimal"),
        (
            "Angle",
            "largest principal angle between the decoder's columns and the first "
            f"{found.size} components",
        ),
        ("Tuned on", "nothing: the learning rate is the one that Train starts with"),
        (
            "Counts as equal",
            f"an error within {EQUAL_ERROR:.0%} of PCA's and an angle of at most "
            f"{EQUAL_ANGLE:g} degrees, with the whole 95 % interval",
        ),
    ]


def _answer(result: Result) -> float | None:
    found = result.parameters
    angles = result.of("angle", arm=arm(found), step=found.steps)
    return interval(angles).mean if angles else None


EXPERIMENT = Experiment(
    name="linear-is-pca",
    title="Is a linear autoencoder PCA?",
    claim="With linear layers and squared error an autoencoder learns PCA: the same error and the "
    "same plane.",
    why="Without activations, encoder and decoder together place a flat plane through the images. "
    "PCA is the plane with the smallest squared error, so training leads to it. The code may use "
    "any axes within this plane, so the decoder's columns look mixed. One rotation turns them into "
    "the principal components.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "mse",
            "Error per pixel of the training images (MSE)",
            "step",
            "training steps",
            log_x=True,
            log_y=True,
            better="lower",
        ),
        Chart(
            "angle",
            "Largest angle to PCA's plane (degrees)",
            "step",
            "training steps",
            log_x=True,
            log_y=True,
            better="lower",
            note="0 degrees: both planes are the same. 90 degrees: one of the network's directions "
            "has nothing in common with PCA's plane.",
        ),
        Chart(
            "match",
            "Agreement of directions (mean |cosine|)",
            "axes",
            kind="bars",
            better="higher",
            note="1: each direction is one of the principal components.",
        ),
    ),
    prediction=Prediction(
        "Draw the error of the linear autoencoder while it trains.",
        "linear",
        measured_at,
        0.0,
        0.1,
        winner=("PCA", "linear autoencoder", "equal"),
    ),
    break_it=BreakIt(
        "Add a hidden layer with ReLU",
        "Each side gets a layer of ReLU units. The plane may now bend. Whose error is lower at the "
        "end, and what happens to the angle?",
        {"relu": "hidden"},
    ),
    questions=(
        Choice(
            "Are the decoder's columns the principal components?",
            ("Yes, one by one", "No, but they span the same plane"),
            1,
            (
                "Compare the pictures: the columns are mixtures of the components until they are "
                "rotated.",
                "Any basis of the plane gives the same error, so training has no reason to prefer "
                "the components.",
            ),
        ),
        Choice(
            "Can a linear autoencoder have a lower squared error than PCA on its training images?",
            ("Yes, if it trains long enough", "No, never"),
            1,
            (
                "More steps bring it closer to PCA's error, but not below it.",
                "PCA is the best plane for these images, and a linear autoencoder has only planes.",
            ),
        ),
        Numeric(
            "In your result: how many degrees is the largest angle between the two planes after "
            "the last step (mean of the seeds)?",
            _answer,
            "It is the last point of the second chart.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={"dataset": "mnist", "images": 60_000, "size": 16, "steps": 6000, "seeds": 3},
    table=("arm", "step", "seed", "mse", "test_mse", "angle", "mean_angle", "axes", "match"),
    recipe=lambda found, row: None if row["arm"] == PCA else config(found),
)
