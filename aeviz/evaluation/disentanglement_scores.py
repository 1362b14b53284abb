"""Disentanglement scores besides MIG: SAP, DCI, the FactorVAE score and modularity.

z is (N, d), the mean codes of N images, and factors (N, f), the true values; `categories` are the
columns of factors without an order. All scores are in [0, 1]; 1 is best, and a constant code gets
the lowest possible score. Locatello et al. 2019, "Challenging Common Assumptions", compare them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aeviz.evaluation.disentanglement import mutual_information
from aeviz.evaluation.metrics import ACTIVE_VARIANCE

Floats = NDArray[np.float64]
TREES = 10
LEAF = 8
"""Minimum number of images in a leaf of the forest; with fewer it would overfit."""
TRAIN_SHARE = 0.5
VOTES, TEST_VOTES = 800, 800
GROUP = 64
"""Images that share a factor's value in a vote."""


@torch.no_grad()
def sap(z: Tensor, factors: Tensor, categories: Sequence[int] = ()) -> float:
    """Separated attribute predictability (Kumar et al. 2018): how much better the best single
    dimension predicts a factor than the second best; mean over factors.

    The prediction is scored by the squared correlation if the factor has an order. Otherwise by the
    balanced accuracy of a linear support vector machine (C = 0.01, as in disentanglement_lib) on
    the other half of the images, scaled so that guessing gives 0.
    """
    codes, values = _arrays(z, factors)
    scores = np.zeros((codes.shape[1], values.shape[1]))
    for k in range(values.shape[1]):
        for j in range(codes.shape[1]):
            alone = codes[:, j]
            scores[j, k] = (
                _separability(alone, values[:, k])
                if k in categories
                else _squared_correlation(alone, values[:, k])
            )
    padded = np.vstack([scores, np.zeros((1, scores.shape[1]))])  # in case there is no second one
    best = np.sort(padded, axis=0)[::-1]
    return float((best[0] - best[1]).mean())


@dataclass(frozen=True)
class DCI:
    """Disentanglement: how far each dimension encodes a single factor. Completeness: how far each
    factor is encoded by a single dimension. Informativeness: how well the code predicts factors."""

    disentanglement: float
    completeness: float
    informativeness: float


def dci(z: Tensor, factors: Tensor, categories: Sequence[int] = (), seed: int = 0) -> DCI:
    """Eastwood & Williams 2018, with random forests, one of their two regressors.

    disentanglement_lib uses gradient boosting, so its figures differ a little. Importances are the
    forest's (decrease in impurity). Informativeness is R^2 on the other half of the images; for a
    category, the accuracy, scaled so that guessing gives 0. It is at least 0.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # slow to import

    codes, values = _arrays(z, factors)
    cut = int(len(codes) * TRAIN_SHARE)
    importance = np.zeros((codes.shape[1], values.shape[1]))
    predicted = []
    for k in range(values.shape[1]):
        kind = RandomForestClassifier if k in categories else RandomForestRegressor
        forest = kind(TREES, min_samples_leaf=LEAF, random_state=seed)
        column = values[:, k].astype(np.int64) if k in categories else values[:, k]
        if np.ptp(column[:cut]) == 0:
            predicted.append(0.0)
            continue
        forest.fit(codes[:cut], column[:cut])
        importance[:, k] = forest.feature_importances_
        score = float(forest.score(codes[cut:], column[cut:]))
        if k in categories:
            guess = float(np.bincount(column[cut:]).max()) / len(column[cut:])
            score = (score - guess) / (1 - guess) if guess < 1 else 0.0
        predicted.append(max(score, 0.0))
    return DCI(*concentrations(importance), float(np.mean(predicted)))


def concentrations(importance: Floats) -> tuple[float, float]:
    """Disentanglement and completeness of importances (d, f): 1 - entropy of each row (column),
    with its length as the base of the logarithm; mean weighted by each row's (column's) importance.

    The entropy is 0 if there is only one factor (one dimension).
    """
    if importance.sum() <= 0:
        return 0.0, 0.0
    found = []
    for table in (importance, importance.T):
        total = table.sum(1)
        used = table[total > 0]
        p = used / used.sum(1, keepdims=True)
        entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(1)
        base = np.log(table.shape[1]) if table.shape[1] > 1 else 1.0
        mean = float(((1 - entropy / base) * total[total > 0]).sum() / total.sum())
        found.append(min(max(mean, 0.0), 1.0))
    return found[0], found[1]


def factor_vae_score(z: Tensor, factors: Tensor, seed: int = 0) -> float:
    """Kim & Mnih 2018: images that share one factor's value vote with the dimension that varies
    least (as a share of its variance over all images). The score is the accuracy of the majority's
    dimension -> factor table on new votes.

    The images are not rendered, but taken from z: the GROUP images whose value of the factor is
    nearest to that of a random image, so their values agree to about GROUP / N of the range (for a
    category, GROUP images of the same value). Dimensions with a variance below `ACTIVE_VARIANCE` do
    not vote.
    """
    codes, values = _arrays(z, factors)
    variance = codes.var(0)
    active = variance > ACTIVE_VARIANCE
    if not active.any():
        return 1 / values.shape[1]  # all votes are equal, so they are right for one factor
    random = np.random.default_rng(seed)
    codes = codes[:, active] / np.sqrt(variance[active])
    orders = [_shuffled_order(column, random) for column in values.T]
    table = np.zeros((codes.shape[1], values.shape[1]))
    right = np.zeros(TEST_VOTES)
    group = min(GROUP, len(codes))
    for vote in range(VOTES + TEST_VOTES):
        k = int(random.integers(values.shape[1]))
        rows = _alike(orders[k], values[:, k], group, random)
        dimension = int(codes[rows].var(0).argmin())
        if vote < VOTES:
            table[dimension, k] += 1
        else:
            right[vote - VOTES] = table[dimension].argmax() == k
    return float(right.mean())


def modularity(z: Tensor, factors: Tensor) -> float:
    """Ridgeway & Mozer 2018: 1 - (sum of the squared mutual information with all factors except the
    largest) / ((f - 1) times the squared largest one); mean over dimensions.

    Dimensions without information on any factor are left out; 0 if none is left.
    """
    information = mutual_information(z, factors)[0].numpy()
    largest = information.max(1)
    used = information[largest > 1e-3]
    if not len(used):
        return 0.0
    if information.shape[1] == 1:
        return 1.0
    squares = used**2
    first = squares.max(1)
    others = (squares.sum(1) - first) / (first * (information.shape[1] - 1))
    return float((1 - others).mean())


def _arrays(z: Tensor, factors: Tensor) -> tuple[Floats, Floats]:
    return z.detach().double().cpu().numpy(), factors.detach().double().cpu().numpy()


def _squared_correlation(a: Floats, b: Floats) -> float:
    if a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1] ** 2)


def _separability(code: Floats, category: Floats) -> float:
    """Balanced accuracy of a linear classifier of one number, scaled so that guessing gives 0."""
    from sklearn.metrics import balanced_accuracy_score  # slow to import
    from sklearn.svm import LinearSVC

    cut = int(len(code) * TRAIN_SHARE)
    classes = np.unique(category[:cut])
    if len(classes) < 2 or code.std() < 1e-9:
        return 0.0
    column = ((code - code[:cut].mean()) / max(code[:cut].std(), 1e-9))[:, None]
    machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0, dual=False)
    machine.fit(column[:cut], category[:cut])
    found = balanced_accuracy_score(category[cut:], machine.predict(column[cut:]))
    guess = 1 / len(classes)
    return max(0.0, (float(found) - guess) / (1 - guess))


def _shuffled_order(column: Floats, random: np.random.Generator) -> NDArray[np.int64]:
    """Row indices sorted by value; rows of the same value are in random order."""
    shuffle = random.permutation(len(column))
    return shuffle[np.argsort(column[shuffle], kind="stable")]


def _alike(
    order: NDArray[np.int64], column: Floats, group: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Rows of a random row's value if there are enough of them, else a window of adjacent rows."""
    place = int(random.integers(len(order)))
    value = column[order[place]]
    ranked = column[order]
    first = int(np.searchsorted(ranked, value, "left"))
    last = int(np.searchsorted(ranked, value, "right"))
    if last - first >= group:
        return random.choice(order[first:last], group, replace=False)
    start = min(max(place - group // 2, 0), len(order) - group)
    return order[start : start + group]
