"""The images of a search: the collection, and the queries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset, Split
from aeviz.datasets.base import Splits
from aeviz.evaluation.neighbours import nearest
from aeviz.experiments.fitting import pixels
from aeviz.experiments.retrieval.parameters import Parameters
from aeviz.experiments.splits import pooled, some, stratified

K = 10
QUERIES = 1_000


@dataclass(frozen=True)
class Search:
    """The collection, queries to choose with, and queries to measure with; which of the collection
    are relevant for each query, and which are its nearest by pixels."""

    dataset: Dataset
    collection: Split
    validation: Split
    queries: Split
    relevant: Tensor
    validation_relevant: Tensor
    pixel_neighbours: Tensor


@lru_cache(maxsize=2)
def search_of(name: str, images: int, seed: int) -> Search:
    """`images` of all images, split at random; 0: the data set's own split."""
    dataset = datasets.load(name)
    parts = Splits(dataset.train, dataset.validation, dataset.test)
    if images:
        parts = stratified(some(pooled(dataset), images, seed), seed)
    first = slice(0, QUERIES)
    validation, queries = parts.validation.take(first), parts.test.take(first)
    near = nearest(pixels(parts.train), pixels(queries), K)[1]
    return Search(
        dataset,
        parts.train,
        validation,
        queries,
        queries.labels[:, None] == parts.train.labels,
        validation.labels[:, None] == parts.train.labels,
        torch.zeros(len(queries), len(parts.train), dtype=torch.bool).scatter_(1, near, True),
    )


def split_of(params: Parameters, seed: int) -> tuple[str, int, int]:
    """What `search_of` takes: with the data set's own split, seeds change the networks only."""
    return (
        (params.dataset, params.images, seed)
        if params.split == "pooled"
        else (params.dataset, 0, 0)
    )
