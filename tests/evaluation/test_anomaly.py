"""Anomaly scores against hand values, scikit-learn and SciPy; on a perfect, a constant and a
broken reconstruction."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA

from aeviz.evaluation import anomaly
from aeviz.experiments.statistics import auc


def draw(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed))


def test_pca_errors_are_those_of_scikit_learn() -> None:
    train, x = draw(40, 12), draw(9, 12, 1)
    found = anomaly.pca_errors(train, x, (1, 5, 12))
    for size, errors in found.items():
        model = PCA(size).fit(train.numpy())
        back = model.inverse_transform(model.transform(x.numpy()))
        expected = ((x.numpy() - back) ** 2).sum(1)
        assert errors.numpy() == pytest.approx(expected, abs=1e-5)


def test_more_components_than_images_leave_what_lies_outside_of_their_span() -> None:
    train = torch.tensor([[0.0, 0, 0], [1, 0, 0]])
    assert anomaly.pca_errors(train, torch.tensor([[5.0, 3, 4]]), (9,))[9].item() == pytest.approx(
        25, rel=1e-5
    )
    same = torch.ones(3, 2)
    assert anomaly.pca_errors(same, torch.tensor([[1.0, 3.0]]), (1,))[1].item() == pytest.approx(4)


def test_mahalanobis_is_that_of_scikit_learn() -> None:
    train, z = draw(500, 4), draw(8, 4, 1)
    model = EmpiricalCovariance().fit(train.numpy())
    expected = model.mahalanobis(z.numpy()) * 499 / 500
    assert anomaly.mahalanobis(train, z).numpy() == pytest.approx(expected, rel=5e-3)
    assert anomaly.mahalanobis(torch.ones(9, 1), torch.ones(2, 1)).tolist() == [0, 0]


def test_the_relative_error_forgives_ink() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert anomaly.relative(torch.tensor([10.0, 1.0]), x).tolist() == pytest.approx([2, 100])


def test_the_threshold_flags_that_share_of_normal_images() -> None:
    normal = torch.arange(1.0, 101.0)
    assert anomaly.threshold(normal, 0.05) == 95
    assert (normal > anomaly.threshold(normal, 0.05)).sum() == 5
    assert anomaly.threshold(normal, 0) == 100
    assert anomaly.threshold(normal, 1) == 1


def test_error_maps_are_smoothed_squared_errors() -> None:
    x = torch.zeros(1, 2, 9, 9)
    x[0, :, 4, 4] = 1
    found = anomaly.error_maps(x, torch.zeros_like(x))[0, 0].numpy()
    point = np.zeros((9, 9))
    point[4, 4] = 1
    expected = gaussian_filter(point, 1, mode="constant", truncate=3)
    assert found[2:7, 2:7] == pytest.approx(expected[2:7, 2:7], rel=0.02)
    assert anomaly.error_maps(x + 1, x).numpy() == pytest.approx(1, abs=1e-5)
    assert not anomaly.error_maps(x, x).any()


@pytest.mark.parametrize(("kind", "area"), [("perfect", 1.0), ("constant", 0.5), ("broken", 0.0)])
def test_area_of_a_perfect_a_constant_and_a_broken_score(kind: str, area: float) -> None:
    normal, other = [1.0, 2.0, 3.0], [4.0, 5.0]
    if kind == "constant":
        normal, other = [1.0] * 3, [1.0] * 2
    if kind == "broken":
        normal, other = other, normal
    assert auc(normal, other).mean == area
