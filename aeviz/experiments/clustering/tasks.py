"""Tasks: each kind of pixels or codes, clustered for each seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from aeviz.datasets import Dataset
from aeviz.evaluation import clustering, metrics
from aeviz.evaluation.evaluate import decode_all
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.clustering.arms import clustered, drawn, points_of
from aeviz.experiments.clustering.parameters import MAPPED, METHODS, TABLED, Parameters
from aeviz.experiments.pictures import strip
from aeviz.experiments.stored import stored
from aeviz.nn.model import Autoencoder

POINTS = 1500
"""Images on a map."""


def tasks(params: Parameters) -> list[Task]:
    """Seed by seed, the quick ones first: UMAP comes last."""
    return [
        Task(f"{space.replace(' ', '-').lower()}-{seed}", {"space": space, "seed": seed})
        for seed in range(params.seeds)
        for space in METHODS
        if space in params.spaces
    ]


def work(params: Parameters, task: Task) -> Output:
    space, seed = task.values["space"], task.values["seed"]
    dataset = drawn(params.dataset, params.images, seed)
    z, model = points_of(params, dataset, space, seed)
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    arrays: dict[str, list[Any]] = {}
    classes = len(dataset.class_names)
    for method, clusters in clustered(METHODS[space], z, classes, seed):
        labels = dataset.train.labels.numpy()
        arm = f"{space} + {method}"
        rows.append({"arm": arm, "seed": seed} | _measured(labels, clusters))
        if seed == 0 and method == "k-means":
            pictures |= _centres(params, dataset, z, clusters, arm, model)
        if seed == 0 and method == MAPPED.get(space):
            arrays |= _map(z, labels, clusters)
        if seed == 0 and method == TABLED.get(space):
            table = clustering.matched(clustering.contingency(labels, clusters))
            arrays |= {"table": table.tolist(), "classes": np.unique(labels).tolist()}
    kept = None if seed or model is None else stored(space, model, dataset)
    return Output(rows, pictures, arrays, kept)


def _measured(labels: NDArray[np.int64], clusters: NDArray[np.int64]) -> Row:
    """`acc` counts what HDBSCAN calls noise as one cluster; `acc_covered` leaves it out."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    covered = clusters != clustering.NOISE
    row: Row = {
        "acc": clustering.accuracy(labels, clusters),
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "ari": float(adjusted_rand_score(labels, clusters)),
        "clusters": len(np.unique(clusters[covered])),
        "covered": float(covered.mean()),
    }
    if covered.any():
        row["acc_covered"] = clustering.accuracy(labels[covered], clusters[covered])
    return row


def _map(
    z: NDArray[np.float64], labels: NDArray[np.int64], clusters: NDArray[np.int64]
) -> dict[str, list[Any]]:
    """Places of the first images on the plane of the two largest variances, which is that of the
    codes if there are two; their labels; and the classes that their clusters are matched with."""
    places = torch.from_numpy(z - z.mean(0))
    if z.shape[1] > 2:
        flat = places @ metrics.pca_subspace(places, 2)
        places = F.pad(flat, (0, 2 - flat.shape[1]))  # if the codes lie on a line
    return {
        "places": [[round(float(value), 3) for value in place] for place in places[:POINTS]],
        "labels": labels[:POINTS].tolist(),
        "clusters": clustering.as_classes(labels, clusters)[:POINTS].tolist(),
    }


def _centres(
    params: Parameters,
    dataset: Dataset,
    z: NDArray[np.float64],
    clusters: NDArray[np.int64],
    arm: str,
    model: Autoencoder | None,
) -> dict[str, Picture]:
    """The middle of each cluster as an image: decoded, or the mean of its pixels."""
    parts = [clusters == cluster for cluster in np.unique(clusters)]
    if model is not None and params.scale == "as they are":
        middles = torch.from_numpy(np.stack([z[part].mean(0) for part in parts])).float()
        images = decode_all(model, middles).clamp(0, 1)
    else:
        x = to_float(dataset.train.images)
        images = torch.stack([x[torch.from_numpy(part)].mean(0) for part in parts])
    return {"centres": Picture(arm, strip(images), "The middle of each cluster")}
