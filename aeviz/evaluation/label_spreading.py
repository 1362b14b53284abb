"""Label spreading: few labels flow to all images along a graph of nearest neighbours (Zhou et al.
2004, "Learning with local and global consistency").

It learns from images without labels, and has no network. scikit-learn's does the same, but builds
the graph again for every draw of labels.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from aeviz.evaluation.neighbours import nearest

ALPHA = 0.95
"""Share that an image takes from its neighbours; the rest is its own label."""
ITERATIONS = 100


def graph(x: Tensor, k: int) -> sparse.csr_array:
    """Symmetric, normalised graph D^-1/2 W D^-1/2 of x (N, D): W is 1 if either is among the k
    nearest of the other, without itself."""
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
    """(N, classes) shares that sum to 1, from the labels of the images at `index`.

    F <- alpha S F + (1 - alpha) Y, to convergence. An image that no label reaches has equal shares.
    """
    y = np.zeros((s.shape[0], classes))
    y[index.numpy(), labels.numpy()] = 1
    f = y.copy()
    for _ in range(ITERATIONS):
        f = ALPHA * (s @ f) + (1 - ALPHA) * y
    total = f.sum(1, keepdims=True)
    return torch.from_numpy(np.where(total > 0, f / np.where(total > 0, total, 1), 1 / classes))


def at_new(shares: Tensor, x: Tensor, new: Tensor, k: int) -> Tensor:
    """The class of new images: the mean shares of their k nearest among x; (N,) int64."""
    return shares[nearest(x, new, k)[1]].mean(1).argmax(1)
