"""Compare clusters with classes: counts of each pair, and the accuracy of the best matching."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

NOISE = -1
"""HDBSCAN's label for an image that is in no cluster."""
NO_CLASS = -1
"""Of a cluster that is matched with no class."""


def contingency(labels: ArrayLike, clusters: ArrayLike) -> NDArray[np.int64]:
    """The number of images of each class (row) in each cluster (column)."""
    classes, y = np.unique(np.asarray(labels), return_inverse=True)
    names, c = np.unique(np.asarray(clusters), return_inverse=True)
    table = np.zeros((len(classes), len(names)), dtype=np.int64)
    np.add.at(table, (y, c), 1)
    return table


def matched(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """The table with its columns reordered: the i-th is matched with the i-th class. The matching
    is the best one-to-one matching (Hungarian method); clusters without a class come last."""
    rows, columns = linear_sum_assignment(-table)
    chosen = columns[np.argsort(rows)]
    rest = np.setdiff1d(np.arange(table.shape[1]), chosen)
    return table[:, [*chosen, *rest]]


def as_classes(labels: ArrayLike, clusters: ArrayLike) -> NDArray[np.int64]:
    """The class that each image's cluster is matched with, (N,): as a label, or `NO_CLASS` if there
    are more clusters than classes and its cluster is left over. The matching is that of
    `accuracy`."""
    classes = np.unique(np.asarray(labels))
    names, c = np.unique(np.asarray(clusters), return_inverse=True)
    rows, columns = linear_sum_assignment(-contingency(labels, clusters))
    found = np.full(len(names), NO_CLASS, dtype=np.int64)
    found[columns] = classes[rows]
    return found[c]


def accuracy(labels: ArrayLike, clusters: ArrayLike) -> float:
    """The share of images whose cluster is matched with their class. The matching is one-to-one, so
    two clusters cannot stand for one class."""
    table = contingency(labels, clusters)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / table.sum())
