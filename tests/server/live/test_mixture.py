"""Draws from the mixture of a model's codes, as the browser asks for them."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from live_models import Library, loaded
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aeviz.latent import space
from aeviz.models.checkpoint import Gallery, Loaded
from aeviz.server.live.routes import routes


def two_clusters() -> Loaded:
    """Codes of which half lie near (-5, 0, 1) and half near (5, 0, 1), none of them below 0 in the
    last dimension."""
    model = loaded(latent_dim=3, images=200)
    gallery = model.gallery
    assert isinstance(gallery, Gallery)
    with torch.no_grad():
        gallery.latents.mul_(0.1)
        gallery.latents[:, 0] += 5.0 * (2 * gallery.labels - 1)
        gallery.latents[:, 2].abs_()
    return model


@pytest.fixture
def client() -> Iterator[TestClient]:
    empty = loaded()
    library = Library(clusters=two_clusters(), bare=Loaded(empty.model, {}, None))
    app = Starlette(routes=routes(load=library.load, version=library.version))
    with TestClient(app) as client:
        yield client


def draws(client: TestClient, query: str) -> np.ndarray:
    answer = client.get(f"/aeviz/mixture/clusters{query}")
    assert answer.status_code == 200
    return np.frombuffer(answer.content, "<f4").reshape(-1, 3)


def test_draws_lie_where_the_codes_do(client: TestClient) -> None:
    z = draws(client, "?n=1000")
    assert z.shape == (1000, 3)
    np.testing.assert_allclose(np.abs(z[:, 0]), 5, atol=0.6)
    assert 400 < (z[:, 0] > 0).sum() < 600
    assert np.abs(z[:, 1]).mean() == pytest.approx(0.08, abs=0.02)  # 0.1 * sqrt(2 / pi)
    assert (z[:, 2] >= 0).all()


def test_the_seed_decides_the_draws(client: TestClient) -> None:
    first, again, other = (draws(client, f"?n=5&seed={seed}") for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_mixture_is_fitted_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []
    fit = space.fit_mixture

    def slow_fit(z: torch.Tensor) -> space.Mixture:
        fits.append(len(z))
        return fit(z)

    monkeypatch.setattr(space, "fit_mixture", slow_fit)
    assert len(draws(client, "")) == 32
    draws(client, "?seed=1")
    assert fits == [200]


def test_of_many_codes_only_subset_are_fitted() -> None:
    from aeviz.server.live.mixture import MAX_NUMBERS, MIN_CODES, _subset

    assert len(_subset(torch.zeros(10_000, 16))) == MAX_NUMBERS // 16
    assert len(_subset(torch.zeros(10_000, 1024))) == MIN_CODES
    assert len(_subset(torch.zeros(1000, 1024))) == 1000


@pytest.mark.parametrize(
    "query", ["?n=0", "?n=1025", "?n=x", "?n=-1", "?seed=2147483648", "?seed=1.5", "?n=²", "?n="]
)
def test_a_number_out_of_range_is_refused_in_words(client: TestClient, query: str) -> None:
    answer = client.get(f"/aeviz/mixture/clusters{query}")
    assert answer.status_code == 400
    assert "as a whole number from" in answer.json()["error"]


@pytest.mark.parametrize(("model", "reason"), [("bare", "no gallery"), ("other", "no model")])
def test_a_model_without_codes_is_named(client: TestClient, model: str, reason: str) -> None:
    answer = client.get(f"/aeviz/mixture/{model}")
    assert answer.status_code == 404
    assert reason in answer.json()["error"]
