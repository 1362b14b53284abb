import numpy as np
import pytest
import torch

from aeviz.latent import projection
from aeviz.latent.projection import PCA2, Cancelled, nearest_code, trustworthiness, tsne


def codes(n=60, d=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def clusters(n=30, d=5, apart=50.0):
    z = codes(2 * n, d)
    z[n:] += apart
    return z, np.repeat([0, 1], n)


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


# ---- t-SNE


@pytest.mark.parametrize("fft_from", [50, 1000])  # FFT and Barnes-Hut
def test_tsne_separates_two_far_clusters_and_says_how_far_it_is(fft_from, monkeypatch):
    monkeypatch.setattr(projection, "FFT_FROM", fft_from)
    z, labels = clusters()
    shares = []
    places = tsne(z, progress=shares.append)
    assert places.shape == (60, 2)
    assert places.dtype == np.float32
    centres = np.stack([places[labels == label].mean(0) for label in (0, 1)])
    own = np.linalg.norm(places - centres[labels], axis=1)
    other = np.linalg.norm(places - centres[1 - labels], axis=1)
    assert (own < other).all()
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert len(set(shares)) > 50


def test_tsne_does_not_depend_on_the_unit_of_the_codes():
    z, _ = clusters()
    assert trustworthiness(z, tsne(z * 1e-6), 5) > 0.85
    assert trustworthiness(z, tsne(z * 1e6), 5) > 0.85


@pytest.mark.parametrize("n", [0, 1, 2, 4, 5, 7])
def test_tsne_of_few_codes(n):
    places = tsne(codes(n))
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert len(np.unique(places, axis=0)) == n


def test_tsne_of_constant_codes_is_one_place():
    assert not tsne(np.full((50, 3), 0.1)).any()


def test_tsne_of_duplicates_keeps_two_groups():
    z = np.repeat(codes(2, 3), 40, axis=0)
    places = tsne(z)
    assert np.isfinite(places).all()
    gap = np.linalg.norm(places[:40].mean(0) - places[40:].mean(0))
    assert gap > 2 * max(places[:40].std(0).max(), places[40:].std(0).max())


def test_tsne_refuses_codes_that_are_not_finite():
    with pytest.raises(ValueError, match="finite"):
        tsne(np.array([[np.nan, 1.0]] * 9))


def test_tsne_stops_when_asked():
    shares = []
    with pytest.raises(Cancelled):
        tsne(codes(), progress=shares.append, cancelled=lambda: len(shares) > 10)
    assert 0 < shares[-1] < 0.5


def test_tsne_starts_where_it_is_told(monkeypatch):
    monkeypatch.setattr(projection, "_optimise", lambda codes, start, seed, report: start)
    initial = codes(20, 2)
    start = tsne(codes(20), initial=initial)
    assert start.std(0).max() == pytest.approx(1e-4, rel=0.02)
    assert np.corrcoef(start[:, 0], initial[:, 0])[0, 1] > 0.999


# ---- the cache


@pytest.fixture
def counted(monkeypatch):
    """Stands in for t-SNE, which has its own tests, and counts its calls."""
    calls = []

    def fake(z, seed, progress, cancelled, initial):
        calls.append(seed)
        return codes(len(z), 2, seed=len(calls))

    monkeypatch.setattr(projection, "tsne", fake)
    return calls


def test_a_cache_hit_gives_the_same_places_and_no_work(tmp_path, counted):
    z, shares = codes(), []
    first = projection.tsne_cached(z, tmp_path / "new")
    second = projection.tsne_cached(torch.from_numpy(z), tmp_path / "new", progress=shares.append)
    np.testing.assert_array_equal(first, second)
    assert len(counted) == 1
    assert shares == [1.0]
    assert [p.suffix for p in (tmp_path / "new").iterdir()] == [".safetensors"]


def test_the_cache_tells_codes_seeds_and_starts_apart(tmp_path, counted):
    z = codes()
    projection.tsne_cached(z, tmp_path)
    projection.tsne_cached(z + 1, tmp_path)
    projection.tsne_cached(z.reshape(30, 10), tmp_path)
    projection.tsne_cached(z, tmp_path, seed=1)
    projection.tsne_cached(z, tmp_path, initial=codes(60, 2))
    assert len(counted) == 5


def test_the_cache_keeps_what_tsne_computed(tmp_path):
    z = codes(12)
    places = projection.tsne_cached(z, tmp_path)
    np.testing.assert_array_equal(places, projection.tsne_cached(z, tmp_path))
    assert places.std() > 0.01


@pytest.mark.parametrize("broken", ["truncated", "noise", "empty", "another shape", "nan"])
def test_a_broken_cache_file_is_computed_afresh(tmp_path, counted, broken):
    z = codes()
    projection.tsne_cached(z, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    content = {
        "truncated": whole[:-7],
        "noise": b"\xff" * 300,
        "empty": b"",
        "another shape": projection.save({"coords": codes(3, 2)}),
        "nan": projection.save({"coords": np.full((60, 2), np.nan, np.float32)}),
    }
    path.write_bytes(content[broken])
    again = projection.tsne_cached(z, tmp_path)
    assert len(counted) == 2
    np.testing.assert_array_equal(projection.tsne_cached(z, tmp_path), again)
    assert len(counted) == 2


def test_a_cache_that_cannot_be_written_loses_nothing(tmp_path, counted):
    (tmp_path / "file").write_text("not a folder")
    assert projection.tsne_cached(codes(), tmp_path / "file").shape == (60, 2)


def test_a_failed_write_leaves_no_file_behind(tmp_path, counted, monkeypatch):
    def full_disk(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(projection.os, "replace", full_disk)
    projection.tsne_cached(codes(), tmp_path)
    assert not list(tmp_path.iterdir())


# ---- how true a map is, and the way back


def test_trustworthiness():
    z = codes(300, 2)
    assert trustworthiness(z, z) == pytest.approx(1)
    assert trustworthiness(z, codes(300, 2, seed=1)) < 0.6
    assert trustworthiness(z, z, most=50) == pytest.approx(1)
    assert trustworthiness(z[:2], z[:2]) == 1
    assert trustworthiness(z[:4], z[:4], k=10) == pytest.approx(1)


def test_nearest_code_by_hand():
    coords, values = [[0, 0], [3, 0], [100, 0]], [[1.0, 0.0], [4.0, 9.0], [7.0, 7.0]]
    # Squared distances 1 and 4 weigh 4 to 1.
    np.testing.assert_allclose(nearest_code([1, 0], coords, values, k=2), [1.6, 1.8], rtol=1e-6)
    np.testing.assert_allclose(nearest_code([1, 0], coords, values, k=1), [1, 0])
    np.testing.assert_allclose(nearest_code([[3, 0], [0, 0]], coords, values), [[4, 9], [1, 0]])


def test_nearest_code_where_points_coincide_is_their_mean():
    coords, values = [[1, 1], [1, 1], [5, 5]], [[0.0], [2.0], [50.0]]
    np.testing.assert_allclose(nearest_code([1, 1], coords, values, k=3), [1.0])
