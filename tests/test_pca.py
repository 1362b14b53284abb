"""PCA as scikit-learn computes it, exactly and by random projections."""

from __future__ import annotations

import pytest
import torch
from sklearn.decomposition import PCA

from aeviz import pca


def data(n: int, d: int, rank: int) -> torch.Tensor:
    """n points (n, d) of this rank, with falling variances, not centred."""
    generator = torch.Generator().manual_seed(n + d)
    x, y = (torch.randn(*shape, generator=generator) for shape in ((n, rank), (rank, d)))
    return (x / torch.arange(1, rank + 1)) @ y + 3


def same_up_to_sign(found: torch.Tensor, components: torch.Tensor) -> bool:
    products = (found.double().T @ components.double().T).abs()
    return torch.allclose(products, torch.eye(len(components)).double(), atol=1e-4)


@pytest.mark.parametrize(("n", "d"), [(200, 30), (30, 200)])
def test_directions_and_variances_are_those_of_scikit_learn(n: int, d: int) -> None:
    x = data(n, d, rank=12)
    expected = PCA(5, svd_solver="full").fit(x.double().numpy())
    components = torch.from_numpy(expected.components_)
    for mean, directions in (pca.fit_exact(x, 5), pca.fit(x, 5)):
        assert torch.allclose(mean.double(), torch.from_numpy(expected.mean_), atol=1e-5)
        assert same_up_to_sign(directions, components)
    mean, variances, directions = pca.decompose(x)
    assert same_up_to_sign(directions[:, :5], components)
    population = torch.from_numpy(expected.explained_variance_) * (n - 1) / n
    assert torch.allclose(variances[:5], population, rtol=1e-4)


def test_random_projections_find_the_same_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    x = data(150, 60, rank=20)
    _, exact = pca.fit(x, 4)
    monkeypatch.setattr(pca, "EXACT_SIDE", 10)
    state = torch.get_rng_state()
    _, found = pca.fit(x, 4)
    assert torch.equal(state, torch.get_rng_state())
    assert same_up_to_sign(found, exact.T)


@pytest.mark.parametrize(("n", "d"), [(50, 8), (8, 50)])
def test_directions_without_variance_are_left_out(n: int, d: int) -> None:
    x = data(n, d, rank=3)
    assert pca.fit_exact(x, 6)[1].shape == (d, 3)
    assert pca.fit_exact(torch.full((n, d), 0.5), 6)[1].shape == (d, 0)
