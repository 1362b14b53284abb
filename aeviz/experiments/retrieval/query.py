"""A person's own image: the images nearest to it, by each arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

from aeviz.datasets import Split
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Result, Task
from aeviz.experiments.fitting import codes, pixels
from aeviz.experiments.query import Answer, Query, Respond, Shelf
from aeviz.experiments.retrieval.arms import distances_to, trained
from aeviz.experiments.retrieval.images import Search
from aeviz.experiments.retrieval.parameters import (
    ARMS,
    Parameters,
    focus_of,
    model_of,
    network_of,
)
from aeviz.experiments.stored import Stored, stored, with_test
from aeviz.models.checkpoint import Loaded

FOUND = 8
TEXT = (
    "Choose, draw or upload an image. The Lab finds the images nearest to it by pixels, by codes "
    "and by bits."
)


def store(params: Parameters, search: Search) -> Stored:
    """The network of the first seed at the size of the claim, with the collection."""
    model, size = network_of(params), focus_of(params)
    network = trained(params, search, model, size, 0)
    dataset = with_test(search.dataset, search.queries, search.validation)
    return stored(f"{ARMS[model]} of a search", network, dataset, corpus=search.collection)


def prepare(result: Result, task: Task, loaded: Loaded, corpus: Split | None) -> Respond:
    """The answer: one row of images for each arm. The network is the stored one; PCA is fitted to
    the stored images, and each arm measures distances as it did in the result."""
    if corpus is None or loaded.gallery is None:
        raise UserError("The images of this search are no longer there: run it again.")
    params, size, names = result.parameters, task.values["size"], loaded.gallery.class_names
    rows = pixels(corpus)
    mean, basis = rows.mean(0), metrics.pca_subspace(rows, size).float()
    code_of: dict[str, Callable[[Split], Tensor]] = {
        "pixels": pixels,
        "pca": lambda part: (pixels(part) - mean) @ basis,
        task.values["model"]: lambda part: codes(loaded.model, part),
    }
    measures: dict[str, Callable[[Tensor], Tensor]] = {}
    for arm in params.arms:
        model = model_of(arm)
        settings = result.values("setting", arm=ARMS[arm], seed=0, size=_size(model, size))
        if model in code_of and settings:
            measures[arm] = distances_to(arm, code_of[model](corpus), settings[0], 0)

    def respond(x: Tensor, label: str) -> Answer:
        query = Split((255 * x[None]).round().to(torch.uint8), torch.zeros(1, dtype=torch.long))
        shelves = [Shelf("This image", "", x[None], (label or "yours",))]
        for arm, distances in measures.items():
            away = distances(code_of[model_of(arm)](query))
            order = away.argsort(stable=True)[:FOUND]
            found = [names[int(index)] for index in corpus.labels[order]]
            count = result.of("bytes", arm=ARMS[arm], size=_size(model_of(arm), size))[0]
            details = [f"{count:g} byte{'s' * (count != 1)}", _share(found, label)]
            tied = int((away <= away[order[-1]]).sum())
            if tied > len(order):
                details.append(f"{tied:,} are at least as near")
            images, wrong = to_float(corpus.images[order]), _wrong(found, label)
            shelves.append(Shelf(ARMS[arm], " · ".join(details), images, tuple(found), wrong))
        return Answer(
            "",
            f"The {FOUND} nearest of {len(corpus):,} images that the network has learned from. The "
            f"codes have {size} numbers or bits.",
            tuple(shelves),
        )

    return respond


def _size(model: str, size: int) -> int:
    return 0 if model == "pixels" else size


def _share(found: list[str], label: str) -> str:
    """How many of the images found have the class of the query, or the most frequent class."""
    name, count = (label, found.count(label)) if label else Counter(found).most_common(1)[0]
    return f"{count} of {len(found)} are class {name}"


def _wrong(found: list[str], label: str) -> frozenset[int]:
    return frozenset(place for place, name in enumerate(found) if label and name != label)


QUERY = Query(TEXT, "Network", prepare)
