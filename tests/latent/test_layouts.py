import numpy as np
import pytest

from aeviz.latent import layouts
from aeviz.latent.layouts import Cancelled, tsne, umap
from aeviz.latent.projection import trustworthiness


def codes(n=60, d=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def clusters(n=30, d=5, apart=50.0):
    z = codes(2 * n, d)
    z[n:] += apart
    return z, np.repeat([0, 1], n)


# ---- t-SNE


@pytest.mark.parametrize("fft_from", [50, 1000])  # FFT and Barnes-Hut
def test_tsne_separates_two_far_clusters_and_says_how_far_it_is(fft_from, monkeypatch):
    monkeypatch.setattr(layouts, "FFT_FROM", fft_from)
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


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_a_layout_starts_where_it_is_told(method, monkeypatch):
    monkeypatch.setattr(layouts, f"_optimise_{method}", lambda codes, start, seed, report: start)
    initial = codes(20, 2) * 7
    start = getattr(layouts, method)(codes(20), initial=initial)
    assert start.std(0).max() == pytest.approx(1, rel=0.02)
    assert np.corrcoef(start[:, 0], initial[:, 0])[0, 1] > 0.999


# ---- UMAP


def test_umap_separates_two_far_clusters_tells_its_progress_and_repeats_itself():
    z, labels = clusters()
    shares = []
    places = umap(z, seed=3, progress=shares.append)
    assert (places.shape, places.dtype) == ((60, 2), np.float32)
    centres = np.stack([places[labels == label].mean(0) for label in (0, 1)])
    own = np.linalg.norm(places - centres[labels], axis=1)
    other = np.linalg.norm(places - centres[1 - labels], axis=1)
    assert (own < other).all()
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert len(set(shares)) > 50
    np.testing.assert_array_equal(umap(z, seed=3), places)
    assert not np.array_equal(umap(z, seed=4), places)


def test_umap_stops_when_asked():
    shares = []
    with pytest.raises(Cancelled):
        umap(codes(), progress=shares.append, cancelled=lambda: len(shares) > 10)
    assert 0 < shares[-1] < 0.5


@pytest.mark.parametrize("n", [0, 1, 4, 5, 15, 16])
def test_umap_of_few_codes(n):
    places = umap(codes(n))
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert len(np.unique(places, axis=0)) == n


def test_umap_of_odd_codes():
    assert not umap(np.full((50, 3), 0.1)).any()
    twice = umap(np.repeat(codes(2, 3), 20, axis=0))
    assert np.isfinite(twice).all()
    gap = np.linalg.norm(twice[:20].mean(0) - twice[20:].mean(0))
    assert gap > 2 * max(twice[:20].std(0).max(), twice[20:].std(0).max())
    on_a_line = umap(np.arange(30)[:, None] * np.ones(4))
    assert np.isfinite(on_a_line).all()
    with pytest.raises(ValueError, match="finite"):
        umap(np.array([[np.nan, 1.0]] * 9))
