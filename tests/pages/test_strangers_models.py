"""Malicious models: their own pages show a sentence, and other pages work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from page_tools import html, run
from safetensors import safe_open
from small_models import pca_denoiser, save
from torch import Tensor

from aeviz.errors import UserError
from aeviz.io import checksums
from aeviz.models import checkpoint, library
from aeviz.server.live import gallery

Tensors = dict[str, Tensor]
PAGES = ("reconstruct", "explore")


@pytest.fixture(autouse=True)
def good(tmp_path: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundled model of the same data set as the stranger's."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    save(tmp_path / "checkpoints" / "good.safetensors", pca_denoiser(), metrics={"mse": 0.01})


def put(
    name: str, change: Callable[[Tensors], Tensors] = lambda tensors: tensors, **card: object
) -> None:
    """The same model among the runs, with other numbers in its file."""
    path = library.runs_dir() / name / "model.safetensors"
    save(path, pca_denoiser(), **card)
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    path.write_bytes(checksums.save(change(tensors), metadata))


def scaled(prefix: str, factor: float) -> Callable[[Tensors], Tensors]:
    def change(tensors: Tensors) -> Tensors:
        return {
            key: value.float() * factor if key.startswith(prefix) else value
            for key, value in tensors.items()
        }

    return change


@pytest.mark.parametrize(
    "card",
    [
        {"parameters": 10**200, "metrics": {"mse": 0.01}},
        {"epochs": [1], "metrics": {"mse": "<b>", "psnr": 1e300}},
        {"metrics": {"mse": 0.1, "denoise": {"![x](http://evil.example)": {"psnr": "x"}}}},
        {"parameters": float("inf"), "metrics": [], "dataset_title": ["a"], "date": 5},
        {"metrics": {"mse": 1, "mig": 1, "factors": {"a": {"dimension": 1e400, "score": 1}}}},
    ],
)
def test_a_card_breaks_no_page(card: dict[str, object]) -> None:
    put("strange", **card)
    for model in ("good", "strange"):
        assert html(run("reconstruct", model=model), "aeviz-flow")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # overflows, as they are meant to
def test_numbers_out_of_range_break_no_page() -> None:
    put("large", scaled("model.", 1e30))
    for page in PAGES:
        for model in ("good", "large"):
            run(page, model=model)
    with pytest.raises(UserError, match="choose another model"):
        gallery.pack("large", library.load("large"), None)


@pytest.mark.parametrize("key", ["gallery.latents", "gallery.pca"])
def test_codes_that_no_writer_writes_are_a_damaged_gallery(key: str) -> None:
    put("large", scaled(key, 1e30))
    with pytest.raises(UserError, match="gallery is damaged"):
        library.load("large")
    app = run("reconstruct", model="large")
    assert "gallery is damaged" in app.error[0].value


@pytest.mark.parametrize(
    "names",
    [("\ud800",) * 10, ("\u202eevil",) * 10, ("a",) * 1_001],
    ids=["half", "turned", "many"],
)
def test_class_names_can_be_shown_and_are_not_endless(names: tuple[str, ...]) -> None:
    put("strange")
    path = library.runs_dir() / "strange" / "model.safetensors"
    loaded = checkpoint.load(path)
    assert loaded.gallery is not None
    changed = replace(loaded.gallery, class_names=names)
    path.write_bytes(checkpoint.to_bytes(loaded.model, {}, changed))
    with pytest.raises(UserError, match="class names"):
        checkpoint.load(path)
