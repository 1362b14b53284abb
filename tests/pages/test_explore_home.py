"""Home, Explore and the model picker, without a browser."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import pytest
import torch
from page_tools import open_runs, open_train
from PIL import Image
from streamlit.testing.v1 import AppTest

from aeviz.config import RunConfig
from aeviz.models import checkpoint
from aeviz.models.checkpoint import Gallery
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS

PAGES = Path(__file__).resolve().parents[2] / "pages"
SECONDS = 60


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty library; `add_model` puts models into it."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    return tmp_path


def add_model(folder: Path, name: str, latent_dim: int = 2) -> None:
    config = RunConfig(type="vae", dataset="digits").replace(
        **{
            "network.hidden": [8],
            "bottleneck.kind": "gaussian",
            "bottleneck.latent_dim": latent_dim,
        }
    )
    sheet = io.BytesIO()
    Image.new("L", (16, 16)).save(sheet, "PNG")
    latents = torch.zeros(4, latent_dim)
    gallery = Gallery(
        latents, torch.arange(4), ("0", "1", "2", "3"), sheet.getvalue(), torch.zeros(4, 2)
    )
    model = Autoencoder(config, (1, 8, 8))
    checkpoint.save(folder / f"{name}.safetensors", model, {}, gallery)


def run(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=SECONDS)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def test_home_counts_models_and_opens_the_first(models: Path) -> None:
    add_model(models, "one")
    add_model(models, "vae-mnist-2d")
    texts = " ".join(markdown.value for markdown in run("index").markdown)
    assert "2 models · 0 runs" in texts
    assert "Move over the map" in texts


def test_home_without_models_says_what_to_do(models: Path) -> None:
    assert "Train one first" in run("index").info[0].value


def test_explore_opens_the_model_that_the_address_names(models: Path) -> None:
    add_model(models, "one")
    add_model(models, "other", latent_dim=3)
    app = run("explore", model="other")
    assert app.selectbox[0].value == "other"
    assert not app.warning


def test_the_picker_tells_name_type_data_and_code_size(models: Path) -> None:
    add_model(models, "one", latent_dim=1)
    add_model(models, "other", latent_dim=3)
    one, other = run("explore").selectbox[0].options
    assert one == "one · Variational (VAE) · Digits 8x8 · code of 1"
    assert other == "other · Variational (VAE) · Digits 8x8 · code of 3"


def test_choosing_a_model_puts_it_into_the_address_and_forgets_the_code(models: Path) -> None:
    add_model(models, "one")
    add_model(models, "other")
    app = run("explore", model="one", z="1,2")
    app.selectbox[0].select("other").run()
    assert not app.exception
    assert dict(app.query_params) == {"model": "other"}


def test_a_model_that_is_gone_is_named_and_another_opens(models: Path) -> None:
    add_model(models, "one")
    app = run("explore", model="deleted")
    assert app.selectbox[0].value == "one"
    assert "“deleted”" in app.warning[0].value


def test_a_model_without_a_gallery_opens_too(models: Path) -> None:
    model = Autoencoder(RunConfig().replace(**{"network.hidden": [8]}), (1, 8, 8))
    checkpoint.save(models / "bare.safetensors", model, {}, None)
    assert run("explore").selectbox[0].value == "bare"


@pytest.mark.parametrize("page", ["home", "explore", "train", "runs", "reconstruct", "restore"])
def test_every_page_has_a_title_and_says_how_it_works(models: Path, page: str) -> None:
    add_model(models, "one")
    # Pages that link to others need the whole app.
    linked = {"home": partial(run, "index"), "train": open_train, "runs": open_runs}
    app = linked.get(page, partial(run, page))()
    assert len(app.title) == 1
    assert "How it works" in [expander.label for expander in app.expander]


@pytest.mark.parametrize("page", ["home", "explore"])
def test_what_to_try_can_be_done_on_the_page(models: Path, page: str) -> None:
    add_model(models, "one")
    app = partial(run, "index")() if page == "home" else run(page)
    (said,) = [text.value for text in app.markdown if "Try this:" in text.value]
    assert not any(preset.try_this in said for preset in PRESETS.values())
