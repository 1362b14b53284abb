"""Label spreading: a few labels spread to all images along a graph of nearest neighbours (Zhou et
al. 2004, "Learning with local and global consistency").

It uses images without labels, and no network. scikit-learn has the same method, but builds the
graph again for every draw of labels.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from aeviz.evaluation.neighbours import nearest

ALPHA = 0.95
"""The weight of an image's neighbours; the rest is the weight of its own label."""
ITERATIONS = 100


def graph(x: Tensor, k: int) -> sparse.csr_array:
    """The normalised graph D^-1/2 W D^-1/2 of x (N, D). W is symmetric: 1 if one of two images is
    among the k nearest neighbours of the other, else 0."""
    n = len(x)
    near = nearest(x, x, k + 1)[1]
    rows, columns = torch.arange(n).repeat_interleave(near.shape[1]), near.flatten()
    other = rows != columns
    rows, columns = rows[other], columns[other]
    ones = np.ones(len(rows))
    w = sparse.csr_array((ones, (rows.numpy(), columns.numpy())), shape=(n, n))
    w = w.maximum(w.T).tocsr()
    scale = sparse.diags_array(1 / np.sqrt(np.maximum(w.sum(0), 1)))
    return (scale @ w @ scale).tocsr()


def spread(s: sparse.csr_array, index: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Shares (N, classes) that sum to 1, from the labels of the images at `index`.

    F <- alpha S F + (1 - alpha) Y, until it has converged. All shares of an image that no label
    reaches are equal.
    """
    y = np.zeros((s.shape[0], classes))
    y[index.numpy(), labels.numpy()] = 1
    f = y.copy()
    for _ in range(ITERATIONS):
        f = ALPHA * (s @ f) + (1 - ALPHA) * y
    total = f.sum(1, keepdims=True)
    return torch.from_numpy(np.where(total > 0, f / np.where(total > 0, total, 1), 1 / classes))


def at_new(shares: Tensor, near: Tensor) -> Tensor:
    """The classes (N,) int64 of new images, from the mean shares of their nearest images in the
    graph; `near` (N, k) has the indices of these."""
    return shares[near].mean(1).argmax(1)
