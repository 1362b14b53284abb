"""Faithfulness of maps: perfect, constant, torn and shuffled ones, and one by hand."""

from __future__ import annotations

import numpy as np
import pytest

from aeviz.evaluation.neighbourhoods import continuity, distance_correlation, trustworthiness

X = np.random.default_rng(0).random((60, 3))
PAIRS = np.random.default_rng(1).integers(0, 60, (500, 2))


def test_a_turned_copy_is_perfect() -> None:
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    z = 5 * X @ turn + 1
    assert trustworthiness(X, z, 5) == pytest.approx(1)
    assert continuity(X, z, 5) == pytest.approx(1)
    apart = np.linalg.norm(X[PAIRS[:, 0]] - X[PAIRS[:, 1]], axis=1)
    assert distance_correlation(apart, z, PAIRS) == pytest.approx(1)


def test_a_shuffled_map_is_chance() -> None:
    z = np.random.default_rng(3).permutation(X)
    apart = np.linalg.norm(X[PAIRS[:, 0]] - X[PAIRS[:, 1]], axis=1)
    assert trustworthiness(X, z, 5) == pytest.approx(0.5, abs=0.1)
    assert continuity(X, z, 5) == pytest.approx(0.5, abs=0.1)
    assert abs(distance_correlation(apart, z, PAIRS)) < 0.3


def test_a_constant_map_agrees_with_nothing() -> None:
    assert distance_correlation(np.arange(500.0), np.zeros((60, 2)), PAIRS) == 0


def brute_force(x: np.ndarray, z: np.ndarray, k: int) -> float:
    """Venna & Kaski's formula, point by point."""
    n = len(x)
    near = [np.argsort(np.linalg.norm(x - x[i], axis=1))[1:].tolist() for i in range(n)]
    loss = 0
    for i in range(n):
        on_map = np.argsort(np.linalg.norm(z - z[i], axis=1))[1 : k + 1]
        loss += sum(max(0, near[i].index(j) + 1 - k) for j in on_map)
    return 1 - 2 * loss / (n * k * (2 * n - 3 * k - 1))


def test_a_fold_costs_trust_and_a_tear_continuity() -> None:
    line = np.linspace(0, 1, 60)[:, None] * [1, 0, 0]
    fold = np.abs(line[:, :1] - 0.5) * [1, 0]
    tear = np.where(line[:, :1] > 0.5, line[:, :1] + 5, line[:, :1]) * [1, 0]
    assert trustworthiness(line, fold, 5) < 0.9 < continuity(line, fold, 5)
    assert trustworthiness(line, tear, 5) > continuity(line, tear, 5)
    assert continuity(line, tear, 5) == pytest.approx(brute_force(tear, line, 5), abs=5e-3)
    assert trustworthiness(X, X[:, :2], 6) == pytest.approx(brute_force(X, X[:, :2], 6))
