"""Clusters against classes: by hand, and on a perfect, a constant and a broken clustering."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from aeviz.evaluation import clustering


def test_the_matching_is_the_best_of_all() -> None:
    generator = np.random.default_rng(0)
    labels, clusters = generator.integers(0, 4, 60), generator.integers(0, 4, 60)
    best = max(np.mean(labels == np.array(order)[clusters]) for order in permutations(range(4)))
    assert clustering.accuracy(labels, clusters) == pytest.approx(best)
    table = clustering.matched(clustering.contingency(labels, clusters))
    assert np.trace(table) / 60 == pytest.approx(best)


def test_by_hand() -> None:
    labels, clusters = [0, 0, 0, 1, 1], [7, 7, 3, 3, 5]
    assert clustering.contingency(labels, clusters).tolist() == [[1, 0, 2], [1, 1, 0]]
    # the class 0 is cluster 7; cluster 3 or 5 is class 1
    assert clustering.accuracy(labels, clusters) == pytest.approx(3 / 5)
    table = clustering.matched(clustering.contingency(labels, clusters))
    assert table[:, 0].tolist() == [2, 0]
    assert table.shape == (2, 3)


def test_the_class_of_each_images_cluster_by_hand() -> None:
    found = clustering.as_classes([3, 3, 3, 8, 8, 8], [7, 7, 2, 2, 2, 5])
    # cluster 7 is class 3, cluster 2 is class 8, and no class is left for cluster 5
    assert found.tolist() == [3, 3, 8, 8, 8, clustering.NO_CLASS]
    assert clustering.accuracy([3, 3, 3, 8, 8, 8], [7, 7, 2, 2, 2, 5]) == pytest.approx(4 / 6)


def test_fewer_clusters_than_classes_leave_classes_out() -> None:
    assert clustering.accuracy([0, 1, 2, 2], [0, 0, 1, 1]) == 0.75
    assert clustering.matched(clustering.contingency([0, 1, 2, 2], [0, 0, 1, 1])).shape == (3, 2)


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [([5, 5, 9, 9], 1.0), ([1, 1, 1, 1], 0.5), ([0, 1, 0, 1], 0.5), ([0, 1, 2, 3], 0.5)],
)
def test_a_perfect_a_constant_and_broken_clusterings(clusters: list[int], expected: float) -> None:
    assert clustering.accuracy([0, 0, 1, 1], clusters) == expected
