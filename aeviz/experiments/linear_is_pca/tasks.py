"""Tasks: PCA, and a training for each seed that is measured on its way."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.datasets import Dataset
from aeviz.device import pick_device
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import decode_all
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.fitting import codes, pixels
from aeviz.experiments.linear_is_pca.arms import (
    best_match,
    components_of,
    config,
    images_of,
    in_order,
    plane,
    rotated,
)
from aeviz.experiments.linear_is_pca.parameters import AXES, PCA, Parameters, arm, measured_at
from aeviz.experiments.pictures import strip
from aeviz.experiments.stored import stored
from aeviz.nn.model import Autoencoder
from aeviz.presets.defaults import epochs_for
from aeviz.training.fit import fit
from aeviz.training.loop import StepResult
from aeviz.training.state import begin

SHOWN = 16
GROUP = "Directions in the space of images"


def tasks(params: Parameters) -> list[Task]:
    """PCA, then one training per seed."""
    return [Task("pca", {})] + [
        Task(f"{params.relu}-{seed}", {"seed": seed}) for seed in range(params.seeds)
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = images_of(params.dataset, params.images)
    if not components_of(dataset, params.size).shape[1]:
        raise UserError("All images are the same, so PCA has no direction: choose other images.")
    return _pca(params, dataset) if task.key == "pca" else _train(params, dataset, task)


def _pca(params: Parameters, dataset: Dataset) -> Output:
    train, test = pixels(dataset.train), pixels(dataset.test)
    row: Row = {
        "arm": PCA,
        "seed": 0,
        "mse": metrics.pca_error(train, train, params.size),
        "test_mse": metrics.pca_error(train, test, params.size),
    }
    at = measured_at(params)
    basis = components_of(dataset, params.size)
    picture = Picture("the first principal components", _directions(basis, dataset), GROUP)
    return Output([row | {"step": at[0]}, row | {"step": at[-1]}], {"components": picture})


def _train(params: Parameters, dataset: Dataset, task: Task) -> Output:
    seed = task.values["seed"]
    settings = config(params)
    epochs = epochs_for(params.steps, len(dataset.train), settings.training.batch_size)
    settings = settings.replace(**{"training.epochs": epochs, "training.seed": seed})
    state = begin(settings, dataset, pick_device(settings.training.device))
    at = measured_at(params)
    rows: list[Row] = []

    def on_step(result: StepResult) -> None:
        if result.step in at:
            state.model.eval()
            row = _measure(state.model, dataset, params.size)
            rows.append({"arm": arm(params), "step": result.step, "seed": seed, **row})
            state.model.train()

    outcome = fit(state, dataset, on_step, should_stop=lambda: state.step >= params.steps)
    if outcome.reason not in ("done", "stopped"):
        raise UserError(outcome.message)
    model = state.model.eval().requires_grad_(False)
    basis = components_of(dataset, params.size)
    columns = plane(model, codes(model, dataset.train))
    turned = rotated(columns, pixels(dataset.train))
    for axes, share in zip(
        AXES, (best_match(columns, basis), in_order(turned, basis)), strict=True
    ):
        rows.append({"arm": arm(params), "seed": seed, "axes": axes, "match": share})
    if seed:
        return Output(rows)
    learned = Picture("the decoder's columns as learned", _directions(columns, dataset), GROUP)
    caption = "the same plane, axes along the largest variance"
    after = Picture(caption, _directions(turned, dataset), GROUP)
    name = f"{arm(params)}, {params.size} number{'s' * (params.size != 1)}"
    kept = stored(name, model, dataset)
    return Output(rows, {"columns": learned, "rotated": after}, stored=kept)


@torch.no_grad()
def _measure(model: Autoencoder, dataset: Dataset, size: int) -> Row:
    errors = []
    train_z, test_z = codes(model, dataset.train), codes(model, dataset.test)
    for split, z in ((dataset.train, train_z), (dataset.test, test_z)):
        x_hat = decode_all(model, z).flatten(1)
        errors.append((x_hat - pixels(split)).square().mean().item())
    angles = metrics.principal_angles(plane(model, train_z), components_of(dataset, size))
    return {
        "mse": errors[0],
        "test_mse": errors[1],
        "angle": angles[0].item(),
        "mean_angle": angles.mean().item(),
    }


def _directions(columns: Tensor, dataset: Dataset) -> bytes:
    """The first columns (D, d) as images beside each other: grey is zero. The largest number of
    each is positive, as a direction has no sign."""
    shown = columns.T[:SHOWN].float()
    largest = shown.gather(1, shown.abs().argmax(1, keepdim=True))
    images = 0.5 + 0.5 * shown / torch.where(largest == 0, 1, largest)
    return strip(images.clamp(0, 1).reshape(-1, *dataset.image_shape))
