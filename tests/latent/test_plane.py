from __future__ import annotations

import numpy as np
import pytest
import torch
from small_models import linear_model

from aeviz.config import RunConfig
from aeviz.latent.plane import INSIDE, aligned_plane, manifold, quantiles, tiles_per_side
from aeviz.latent.projection import PCA2
from aeviz.nn.model import Autoencoder


def test_quantiles_hold_equal_shares_of_the_prior() -> None:
    places = quantiles(5, 2.0)
    assert places[[0, 2, 4]] == pytest.approx([-2, 0, 2])
    shares = np.diff(torch.special.ndtr(torch.from_numpy(places)).numpy())
    assert shares == pytest.approx(np.full(4, shares[0]))


@pytest.mark.parametrize(
    ("shape", "side"),
    [((1, 28, 28), 12), ((1, 8, 8), 12), ((3, 32, 32), 8), ((3, 512, 512), 6)],
)
def test_large_images_have_fewer_tiles(shape: tuple[int, int, int], side: int) -> None:
    assert tiles_per_side(shape) == side


def linear_vae(latent_dim: int) -> Autoencoder:
    """Decodes z to pixels sigmoid(z_j) in column j, whatever the row; the rest are 0.5."""
    config = RunConfig(type="vae").replace(
        **{
            "network.hidden": [],
            "bottleneck.kind": "gaussian",
            "bottleneck.latent_dim": latent_dim,
        }
    )
    model = Autoencoder(config, (1, 8, 8)).eval()
    layer = next(m for m in model.decoder.modules() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        for j in range(latent_dim):
            layer.weight[j::8, j] = 1
    return model


def test_a_vaes_manifold_is_what_it_decodes_at_the_priors_quantiles() -> None:
    plane = PCA2.fit(np.zeros((5, 2), np.float32))
    over = manifold(linear_vae(2), plane, np.zeros((5, 2), np.float32))
    assert over.tiles.shape == (12, 12, 1, 8, 8)
    assert over.columns == pytest.approx(quantiles(12, 2.0))
    assert over.rows == pytest.approx(over.columns[::-1])  # the top row is the highest
    across = 255 / (1 + np.exp(-over.columns))
    down = 255 / (1 + np.exp(-over.rows))
    assert over.tiles[3, :, 0, 0, 0] == pytest.approx(across, abs=0.6)
    assert over.tiles[:, 3, 0, 0, 1] == pytest.approx(down, abs=0.6)
    assert (over.tiles[..., 5] == 128).all()


def test_a_code_of_one_dimension_has_a_single_row() -> None:
    places = np.zeros((5, 2), np.float32)
    over = manifold(linear_vae(1), PCA2.fit(np.zeros((5, 1), np.float32)), places)
    assert over.tiles.shape == (1, 12, 1, 8, 8)
    assert over.rows.tolist() == [0]
    assert over.tiles[0, :, 0, 0, 0] == pytest.approx(255 / (1 + np.exp(-over.columns)), abs=0.6)


def test_wide_codes_are_decoded_over_the_range_of_their_plane() -> None:
    codes = np.zeros((101, 3), np.float32)
    codes[:, 0], codes[:, 1] = np.linspace(0, 1, 101), 0.3 * np.cos(np.arange(101))
    codes[:, 2] = 0.25
    model = linear_model(torch.eye(64)[:, :3], torch.zeros(64))
    plane = PCA2.fit(codes)
    over = manifold(model, plane, plane.project(codes))
    middle = codes[:, 0].mean()
    low, high = (1 - INSIDE) / 2, (1 + INSIDE) / 2
    assert over.columns[[0, -1]] + middle == pytest.approx([low, high], abs=0.02)
    # row by row the first pixel runs along the first axis, and the third stays at the mean
    assert over.tiles[0, :, 0, 0, 0] / 255 == pytest.approx(over.columns + middle, abs=0.01)
    assert (over.tiles[..., 0, 2] == 64).all()


def test_a_relu_code_is_never_decoded_below_zero() -> None:
    settings = {"bottleneck.activation": "relu"}
    model = linear_model(-torch.eye(64)[:, :2], torch.zeros(64), **settings)
    codes = np.array([[-1, -1], [1, 1]], np.float32)
    over = manifold(model, PCA2.fit(codes), codes)
    assert over.rows[-1] < 0
    assert (over.tiles == 0).all()  # -z, and z is at least 0


def test_the_plane_follows_a_turn_and_the_codes_stay_on_it() -> None:
    rng = np.random.default_rng(0)
    codes = (rng.normal(size=(50, 5)) * [5, 3, 0.1, 0.1, 0.1]).astype(np.float32)
    first = aligned_plane(codes, None)
    before = first.project(codes) @ np.array([[0, 1], [-1, 0]], np.float32)
    turned = aligned_plane(codes, before)
    np.testing.assert_allclose(turned.project(codes), before, atol=1e-4)
    np.testing.assert_allclose(turned.components @ turned.components.T, np.eye(2), atol=1e-5)
    assert turned.explained[0] == pytest.approx(first.explained[1], rel=1e-3)
    again = turned.project(turned.inverse(before))
    np.testing.assert_allclose(again, before, atol=1e-4)
