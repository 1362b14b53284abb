import numpy as np
import pytest
import torch

from aeviz.latent.projection import PCA2, nearest_code, trustworthiness


def codes(n=60, d=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


# ---- PCA

AXES = np.diag([2, 1, 0.5])


def test_pca_by_hand():
    # Variances 8, 2 and 0.5 (times 1 / 3) along the axes, off the origin.
    pca = PCA2.fit(np.concatenate([AXES, -AXES]) + np.array([3, 2, 1]))
    np.testing.assert_allclose(pca.mean, [3, 2, 1], atol=1e-6)
    np.testing.assert_allclose(pca.components, [[1, 0, 0], [0, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(pca.explained, [8 / 10.5, 2 / 10.5], atol=1e-6)
    np.testing.assert_allclose(pca.project([5, 3, 9]), [2, 1], atol=1e-6)


def test_pca_signs_do_not_depend_on_the_order_of_the_codes():
    z = codes() * [5, 3, 1, 1, 1]
    first, second = PCA2.fit(z), PCA2.fit(z[::-1])
    np.testing.assert_allclose(first.components, second.components, atol=1e-5)
    assert (first.components[range(2), np.abs(first.components).argmax(1)] > 0).all()
    np.testing.assert_allclose(first.components @ first.components.T, np.eye(2), atol=1e-6)


def test_fewer_codes_than_dimensions_lie_on_the_same_plane():
    """Dimensions in which no code differs change nothing."""
    z = codes(20, 5) * [5, 3, 1, 1, 1]
    narrow, wide = PCA2.fit(z), PCA2.fit(np.pad(z, ((0, 0), (0, 25))))
    np.testing.assert_allclose(wide.components[:, :5], narrow.components, atol=1e-5)
    np.testing.assert_allclose(wide.explained, narrow.explained, atol=1e-6)


@pytest.mark.parametrize("d", [2, 3, 32])
def test_project_undoes_inverse_whatever_the_rest(d):
    pca = PCA2.fit(codes(d=d) + 2)
    xy, rest = codes(20, 2, seed=1), codes(20, d, seed=2)
    for z_rest in (None, rest[0], rest):
        np.testing.assert_allclose(pca.project(pca.inverse(xy, z_rest)), xy, atol=2e-6)
    np.testing.assert_allclose(pca.inverse(pca.project(rest), rest), rest, atol=2e-6)


def test_inverse_keeps_what_is_out_of_the_plane():
    pca = PCA2.fit(np.concatenate([AXES, -AXES]))  # the plane of the first two axes, mean 0
    np.testing.assert_allclose(pca.inverse([7, 8], [1, 2, 3]), [7, 8, 3], atol=1e-6)
    np.testing.assert_allclose(pca.inverse([7, 8]), [7, 8, 0], atol=1e-6)


def test_two_dimensional_codes_are_drawn_as_they_are():
    z = codes(d=2) * np.float32([1, 9]) + 4
    pca = PCA2.fit(z)
    np.testing.assert_array_equal(pca.project(z), z)
    np.testing.assert_array_equal(pca.inverse(z), z)
    assert pca.explained.sum() == pytest.approx(1)
    assert pca.explained[1] > 0.9


def test_one_dimensional_codes_lie_on_a_line():
    z = codes(d=1)
    pca = PCA2.fit(z)
    np.testing.assert_array_equal(pca.project(z), np.pad(z, ((0, 0), (0, 1))))
    np.testing.assert_array_equal(pca.inverse(pca.project(z)), z)
    assert pca.explained.tolist() == [1, 0]


def test_constant_codes_have_no_variance_to_explain():
    pca = PCA2.fit(np.full((9, 4), 0.5))
    assert pca.explained.tolist() == [0, 0]
    np.testing.assert_allclose(pca.project(np.full((9, 4), 0.5)), np.zeros((9, 2)), atol=1e-6)


def test_tensors_are_taken_as_arrays():
    z = torch.from_numpy(codes())
    np.testing.assert_array_equal(PCA2.fit(z).project(z), PCA2.fit(codes()).project(codes()))


# ---- how true a map is, and the way back


def test_trustworthiness():
    z = codes(300, 2)
    assert trustworthiness(z, z) == pytest.approx(1)
    assert trustworthiness(z, codes(300, 2, seed=1)) < 0.6
    assert trustworthiness(z, z, max_points=50) == pytest.approx(1)
    assert trustworthiness(z[:2], z[:2]) == 1
    assert trustworthiness(z[:4], z[:4], k=10) == pytest.approx(1)


def test_trustworthiness_is_that_of_scikit_learn():
    from sklearn import manifold

    z, xy = codes(200, 6), codes(200, 2, seed=1)
    xy[:, 0] += 3 * z[:, 0]
    expected = manifold.trustworthiness(z, xy, n_neighbors=12)
    assert trustworthiness(z, xy) == pytest.approx(expected)
    turned = np.float32([[0.6, -0.8], [0.8, 0.6]])
    assert trustworthiness(xy, 5 * xy @ turned + 1) == pytest.approx(1)


def test_nearest_code_by_hand():
    coords, values = [[0, 0], [3, 0], [5, 0]], [[1.0, 0.0], [4.0, 9.0], [7.0, 7.0]]
    # Distances 1 and 2, reach 4: (1 - 1/4)^2 and (1/2 - 1/4)^2 weigh 9 to 1.
    expected = [(9 * 1 + 4) / 10, 9 / 10]
    np.testing.assert_allclose(nearest_code([1, 0], coords, values, k=2), expected, rtol=1e-4)
    np.testing.assert_allclose(nearest_code([1, 0], coords, values, k=1), [1, 0])
    on_points = nearest_code([[3, 0], [0, 0]], coords, values)
    np.testing.assert_allclose(on_points, [[4, 9], [1, 0]], atol=1e-4)


def test_nearest_code_where_points_coincide_is_their_mean():
    coords, values = [[1, 1], [1, 1], [5, 5]], [[0.0], [2.0], [50.0]]
    np.testing.assert_allclose(nearest_code([1, 1], coords, values, k=3), [1.0], atol=1e-4)
    np.testing.assert_allclose(nearest_code([1, 1], coords[:1], values[:1]), [0.0])


def test_nearest_code_never_jumps():
    coords, values = codes(200, 2), codes(200, 8, seed=1)
    way = np.linspace([-2, -1], [2, 1.5], 20_001)
    steps = np.abs(np.diff(nearest_code(way, coords, values), axis=0)).max(1)
    coarse = np.abs(np.diff(nearest_code(way[::10], coords, values), axis=0)).max(1)
    assert steps.max() < coarse.max() / 5  # ten times finer steps; a jump would stay as it is
