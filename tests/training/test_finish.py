"""From a trained network to a model file: the maps of its codes and their trustworthiness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.latent.projection import trustworthiness
from aeviz.models import checkpoint
from aeviz.nn.model import Autoencoder
from aeviz.training import finish as module

Layout = Callable[..., np.ndarray]


@pytest.fixture
def finished(
    config: RunConfig, dataset: Dataset, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[checkpoint.Loaded, list[float]]]:
    """Finishes an untrained model with `layout` for its layouts; returns the progress reports."""

    def run(layout: Layout, latent_dim: int = 3) -> tuple[checkpoint.Loaded, list[float]]:
        monkeypatch.setattr(module, "cached", layout)
        wanted = config.replace(**{"bottleneck.latent_dim": latent_dim})
        model = Autoencoder(wanted, dataset.image_shape).eval()
        shares: list[float] = []
        path = runs_dir / "model.safetensors"
        card = module.finish(model, dataset, {}, path, lambda share, _: shares.append(share))
        loaded = checkpoint.load(path)
        assert loaded.card == card
        return loaded, shares

    return run


def two_dimensions(name: str, z: Any, folder: Path, progress: Any, cancelled: Any) -> np.ndarray:
    """A stand-in for a layout: two of the code's dimensions, different ones for each layout."""
    progress(0.5)
    return np.asarray(z)[:, :2] if name == "tsne" else np.asarray(z)[:, 1:]


def test_a_file_has_every_map_and_how_far_to_trust_it(finished: Callable[..., Any]) -> None:
    loaded, shares = finished(two_dimensions)
    z, gallery = loaded.gallery.latents, loaded.gallery
    assert (gallery.tsne == z[:, :2]).all()
    assert (gallery.umap == z[:, 1:]).all()
    said = loaded.card["trustworthiness"]
    assert said.keys() == {"pca", "tsne", "umap"}
    for name, share in said.items():
        measured = trustworthiness(z, getattr(gallery, name))
        assert share == pytest.approx(measured, abs=0.01)  # the file rounds codes and places
    assert shares == sorted(shares)


def test_codes_of_two_dimensions_need_no_map(finished: Callable[..., Any]) -> None:
    loaded, _ = finished(two_dimensions, latent_dim=2)
    assert (loaded.gallery.tsne, loaded.gallery.umap) == (None, None)
    assert "trustworthiness" not in loaded.card


def test_a_layout_that_fails_is_left_out(finished: Callable[..., Any]) -> None:
    def layout(name: str, *args: Any, **options: Any) -> np.ndarray:
        if name == "tsne":
            raise ImportError("numba")
        return two_dimensions(name, *args, **options)

    loaded, _ = finished(layout)
    assert loaded.card["trustworthiness"].keys() == {"pca", "umap"}
    assert loaded.gallery.tsne is None
    assert loaded.gallery.umap is not None
