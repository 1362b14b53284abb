"""Nearest neighbours against scikit-learn."""

from __future__ import annotations

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from aeviz.evaluation import neighbours


def test_distances_and_indices_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", 3)
    generator = torch.Generator().manual_seed(0)
    among, x = torch.rand(30, 6, generator=generator), torch.rand(8, 6, generator=generator)
    expected = NearestNeighbors(n_neighbors=3).fit(among.numpy()).kneighbors(x.numpy())
    distances, indices = neighbours.nearest(among, x, 3)
    assert distances.numpy() == pytest.approx(expected[0], abs=1e-5)
    assert (indices.numpy() == expected[1]).all()
    assert neighbours.nearest(among[:2], x, 5)[0].shape == (8, 2)
