"""The Restore page without a browser: the photo tool, and where old links lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_tools import links, run
from small_models import identity_model, pca_denoiser, save
from streamlit.testing.v1 import AppTest

from aeviz.experiments import table
from aeviz.ui.restore.moved import DENOISER, IN_LAB

TO_RECONSTRUCT = "Open Reconstruct"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    save(tmp_path / "copy.safetensors", identity_model(type="linear"))
    save(tmp_path / "pca.safetensors", pca_denoiser())


def has_photo_tool(app: AppTest) -> bool:
    return any(one.proto.id.endswith("aeviz-darkroom") for one in app.get("bidi_component"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "query", [{}, {"view": "photos"}, {"view": "photos", "model": "pca"}, {"part": "nothing"}]
)
def test_the_page_is_the_photo_tool(query: dict[str, str]) -> None:
    app = run("restore", **query)
    assert has_photo_tool(app)
    assert not links(app)


@pytest.mark.parametrize(
    ("query", "model"),
    [
        ({"view": "small"}, DENOISER),
        ({"model": "pca"}, "pca"),
        ({"model": "copy"}, "copy"),
        ({"model": "pca", "part": "try"}, "pca"),
        ({"part": "try"}, DENOISER),
        ({"model": "deleted"}, DENOISER),
        ({"model": "../pca"}, DENOISER),
    ],
)
def test_an_old_link_to_small_images_leads_to_reconstruct(
    query: dict[str, str], model: str
) -> None:
    app = run("restore", **query)
    assert links(app)[TO_RECONSTRUCT] == f"model={model}"
    assert has_photo_tool(app)


@pytest.mark.parametrize("part", IN_LAB)
def test_an_old_link_to_a_part_that_is_now_in_the_lab_leads_there(part: str) -> None:
    experiment, label = IN_LAB[part]
    assert table.find(experiment).title == label
    for query in ({}, {"model": "pca"}, {"view": "small"}):
        app = run("restore", part=part, **query)
        assert any("now an experiment of the Lab" in text.value for text in app.markdown)
        assert links(app) == {label: f"experiment={experiment}"}
