"""Surfaces in space, against lengths that can be measured on them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import dijkstra
from sklearn.neighbors import kneighbors_graph

from aeviz.experiments.surfaces import SHAPES, distance, draw, pairs_of, spiral_length

every_shape = pytest.mark.parametrize("shape", SHAPES)


@every_shape
def test_points_have_the_shape_and_the_scale(shape: str) -> None:
    cloud = draw(shape, 2000, 1)
    assert cloud.points.shape == (2000, 3)
    assert cloud.sheet.shape == (2000, 2)
    assert cloud.points.var(0).mean() == pytest.approx(1, rel=0.05)
    assert (draw(shape, 2000, 1).points == cloud.points).all()
    assert (draw(shape, 2000, 2).points != cloud.points).any()


@every_shape
def test_the_way_along_the_surface_is_never_shorter_than_the_straight_line(shape: str) -> None:
    cloud = draw(shape, 500, 0)
    pairs = pairs_of(cloud, 2000, 0)
    assert (cloud.part[pairs[:, 0]] == cloud.part[pairs[:, 1]]).all()
    straight = np.linalg.norm(cloud.points[pairs[:, 0]] - cloud.points[pairs[:, 1]], axis=1)
    factor = 1.0 if shape != "torus" else 0.55  # its flat sheet is shorter than its outside
    assert (distance(shape, cloud, pairs) >= factor * straight - 1e-9).all()


@pytest.mark.parametrize("shape", ["swiss roll", "s-curve", "sphere", "two planes"])
def test_the_way_is_that_of_a_graph_of_neighbours(shape: str) -> None:
    cloud = draw(shape, 1500, 0)
    graph = kneighbors_graph(cloud.points, 8, mode="distance")
    pairs = pairs_of(cloud, 300, 0)
    ways = dijkstra(graph, directed=False, indices=pairs[:, 0])[np.arange(len(pairs)), pairs[:, 1]]
    true = distance(shape, cloud, pairs)
    far = true > 1
    assert np.median(ways[far] / true[far]) == pytest.approx(1.05, abs=0.08)


def test_the_length_of_a_spiral_is_its_integral() -> None:
    angle = np.linspace(0, 9, 100_001)
    numeric = np.sum(np.sqrt(1 + angle[1:] ** 2)) * 9 / 100_000
    assert spiral_length(np.array([9.0]))[0] == pytest.approx(numeric, rel=1e-4)
