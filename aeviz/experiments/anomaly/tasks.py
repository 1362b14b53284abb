"""Tasks: the simple methods and each network, for each class and seed."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.evaluation import anomaly
from aeviz.evaluation.validation import to_float
from aeviz.experiments.anomaly.arms import (
    heat_top,
    network_scores,
    reconstructions,
    roc_area,
    simple_scores,
    trained,
)
from aeviz.experiments.anomaly.images import Trial, trial_of
from aeviz.experiments.anomaly.parameters import COMPARED, MAIN, NETWORKS, Parameters
from aeviz.experiments.anomaly.query import network_of, store
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.pictures import grid, heat
from aeviz.experiments.statistics import auc

SHOWN = 5
"""Normal images, and as many anomalies, in the heatmaps."""
RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Shares of false alarms at which the ROC curve is drawn."""
BINS = 16
"""Of the histogram of errors, from 0 to twice the threshold."""


def tasks(params: Parameters) -> list[Task]:
    """Seed by seed and class by class, the simple methods first."""
    names = datasets.find(params.dataset).class_names
    chosen = [params.only] if params.only >= 0 else range(min(len(names), 10))
    return [
        Task(f"{method.lower()}-{label}-{seed}", {"method": method, "label": label, "seed": seed})
        for seed in range(params.seeds)
        for label in chosen
        for method in ("plain", *(name for name in NETWORKS if name in params.networks))
    ]


def work(params: Parameters, task: Task) -> Output:
    split_seed = int(task.values["seed"]) if params.split == "pooled" else 0
    images = params.images if params.split == "pooled" else 0
    trial = trial_of(params.dataset, images, params.setup, task.values["label"], split_seed)
    if trial is None:
        return Output([])
    name = trial.dataset.class_names[task.values["label"]]
    about: Row = {"class": name, "seed": task.values["seed"]}
    first = task.values["seed"] == 0
    if task.values["method"] == "plain":
        scores = simple_scores(trial, task.values["seed"])
    else:
        scores = network_scores(trial, params, task.values["method"], task.values["seed"])
    rows: list[Row] = []
    for arm, setting, validation, test in scores:
        shown = {"arm": arm, "shown": "main" if arm in MAIN else "other", **about}
        rows += _measured(params, trial, {**shown, "setting": setting}, validation, test)
        if first:
            rows += [{**shown, **row} for row in _roc(trial, test)]
        if first and arm == "AE error":
            rows += _histogram(params, trial, name, validation, test)
    pictures = {}
    if first and task.values["method"] == "AE":
        pictures = _heatmaps(trial, params, task.values["seed"], name)
    kept = first and task.values["method"] == network_of(params)
    return Output(rows, pictures, stored=store(trial, params, 0, name) if kept else None)


def _measured(
    params: Parameters, trial: Trial, about: Row, validation: Tensor, test: Tensor
) -> list[Row]:
    """AUC with its interval; and what the threshold, which no anomaly was needed for, flags."""
    area = auc(test[~trial.test_y].tolist(), test[trial.test_y].tolist())
    limit = anomaly.threshold(validation[~trial.validation_y], params.flagged / 100)
    row: Row = {
        **about,
        "auc": area.mean,
        "low": area.low,
        "high": area.high,
        "validation_auc": roc_area(validation, trial.validation_y),
        "threshold": limit,
        "alarms": (test[~trial.test_y] > limit).float().mean().item(),
        "caught": (test[trial.test_y] > limit).float().mean().item(),
    }
    if about["arm"] in COMPARED:
        row["compared"] = "yes"
    return [row]


def _roc(trial: Trial, test: Tensor) -> list[Row]:
    normal, odd = test[~trial.test_y], test[trial.test_y]
    rows: list[Row] = []
    for rate in RATES:
        share = (odd > anomaly.threshold(normal, rate)).float().mean().item()
        rows.append({"false_alarms": rate, "true_alarms": share})
    return rows


def _histogram(
    params: Parameters, trial: Trial, name: str, validation: Tensor, test: Tensor
) -> list[Row]:
    """Shares of normal images and of anomalies over their error as a multiple of the threshold."""
    limit = anomaly.threshold(validation[~trial.validation_y], params.flagged / 100)
    rows: list[Row] = []
    for arm, scores in (("normal", test[~trial.test_y]), ("anomaly", test[trial.test_y])):
        times = (scores / max(limit, 1e-12)).clamp(0, 2)
        counts = torch.histc(times, BINS, 0, 2) / len(times)
        for index, share in enumerate(counts.tolist()):
            middle = (index + 0.5) * 2 / BINS
            rows.append({"arm": arm, "class": name, "times_threshold": middle, "images": share})
    return rows


def _heatmaps(trial: Trial, params: Parameters, seed: int, name: str) -> dict[str, Picture]:
    """Images, reconstructions, and where they differ: normal images, then anomalies, as they come.
    The colours are the same for all: white is what 0.5 % of the pixels of normal images exceed."""
    model = trained(trial, params, "AE", seed)
    shown = [(trial.test_y == odd).nonzero()[:SHOWN, 0] for odd in (False, True)]
    part = trial.test.take(torch.cat(shown))
    x, x_hat = to_float(part.images), reconstructions(model, part)
    maps = heat(anomaly.error_maps(x, x_hat), heat_top(trial, model))
    sheet = torch.cat([x.expand(-1, 3, -1, -1), x_hat.expand(-1, 3, -1, -1), maps])
    caption = (
        f"{len(shown[0])} normal images, {len(shown[1])} anomalies; reconstructions; squared error"
    )
    return {"heatmap": Picture(caption, grid(sheet, len(part)), name)}
