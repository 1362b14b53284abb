"""Names and links that somebody wrote as Markdown or HTML: pages show them as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from page_tools import again, data, open_runs, open_train, run
from small_models import pca_denoiser, save
from small_run import run_of
from streamlit.testing.v1 import AppTest

from aeviz import identity
from aeviz.datasets import custom_images
from aeviz.identity import Person
from aeviz.models import checkpoint
from aeviz.runs.store import Run
from aeviz.ui.runs import table
from aeviz.ui.shared import person

OWNER = "b" * 32
EVIL = (
    "![hi](http://evil.example/i.png)",
    "[hi](http://evil.example)",
    '<a href="http://evil.example/">hi</a>',
    "hi http://evil.example",
    ":red[hi] $x$ **b**",
)
MARKUP = re.compile(r"(?<!\\)\]\(http|(?<!\\)<a |://|:red|(?<!\\)\$|(?<![\\*])\*\*b\*\*")
every_text = pytest.mark.parametrize("text", EVIL)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AEVIZ_DATASETS", str(tmp_path / "datasets"))
    save(tmp_path / "checkpoints" / "good.safetensors", pca_denoiser())
    return tmp_path


def markdown(app: AppTest) -> Iterator[str]:
    """Everything that a page passes to Streamlit as Markdown."""
    for kind in ("markdown", "caption", "warning", "error", "info", "success", "subheader"):
        yield from (element.value for element in app.get(kind))
    yield from (element.label for element in app.button)
    for kind in ("page_link", "progress", "expander", "popover", "download_button"):
        for element in app.get(kind):
            proto = element.proto
            inner = getattr(proto, kind, proto)
            yield getattr(inner, "label", "") or getattr(inner, "text", "")
    for group in app.button_group:
        yield from (option.content for option in group.proto.options)


def assert_plain(app: AppTest, shown: bool = True) -> None:
    """Asserts that it is shown as text, without markup."""
    texts = [text for text in markdown(app) if "evil" in text or re.search(r"\bhi\b", text)]
    for text in texts:
        assert not MARKUP.search(text), text
    assert texts or not shown


def a_run(name: str) -> Run:
    made = run_of(2)
    save(made.model_path, pca_denoiser())
    (made.folder / "name").write_text(name)
    (made.folder / "owner").write_text(OWNER)
    return made


@every_text
def test_the_name_of_a_run(text: str) -> None:
    made = a_run(text)
    assert_plain(open_train(run=made.id))
    assert_plain(open_runs(runs_scope_kept="class", runs_chosen=[made.id]), shown=False)


def test_the_name_of_a_run_in_my_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "me", lambda: Person(OWNER))
    a_run(EVIL[1])
    assert_plain(open_train())


def test_the_names_of_a_chart_are_no_html() -> None:
    made = a_run(EVIL[2])
    made.append_metrics({"epoch": 1, "step": 1, "validation": {"loss": 1.0}})
    app = open_runs(runs_scope_kept="class", runs_chosen=[made.id])
    assert data(app, table.KEY)["rows"]
    [line] = data(app, "aeviz-curves-over")["figure"]["data"]
    assert line["name"].startswith("&lt;a href")


@every_text
@pytest.mark.parametrize("key", ["run", "type", "loss.beta", "dataset", "another"])
def test_a_link_to_train(key: str, text: str) -> None:
    if key == "another":
        assert_plain(open_train(type="vae", **{text: "1"}))
    else:
        assert_plain(open_train(**({"type": "vae"} if key != "run" else {}) | {key: text}))


@every_text
@pytest.mark.parametrize("page", ["explore", "reconstruct", "restore"])
def test_a_link_to_a_model(page: str, text: str) -> None:
    # Restore does not name a model: it links to Reconstruct
    assert_plain(run(page, model=text), shown=page != "restore")


@every_text
def test_class_names_and_the_card(text: str, models: Path) -> None:
    path = models / "checkpoints" / "evil.safetensors"
    save(path, pca_denoiser())
    loaded = checkpoint.load(path)
    assert loaded.gallery is not None
    noise = dict.fromkeys(("psnr_noisy", "psnr", "ssim_noisy", "ssim"), 1.0)
    factors = {text: {"dimension": 1, "score": 0.9}}
    metrics = {"mse": 0.1, "denoise": {text: noise}, "mig": 0.5, "factors": factors}
    card = {"dataset_title": text, "date": text, "test_images": 3, "metrics": metrics}
    changed = replace(loaded.gallery, class_names=(text,) * 10)
    path.write_bytes(checkpoint.to_bytes(loaded.model, card, changed))
    assert_plain(run("reconstruct", model="evil"))


@every_text
def test_a_data_set(text: str) -> None:
    images = torch.randint(0, 256, (30, 1, 16, 16), dtype=torch.uint8)
    about = {"class_names": (text[:40], "b"), "fit": text, "notes": {text: 1}}
    about |= {"left_out": ((text, text),), "reasons": {text: 1}}
    name = custom_images.keep(text, images, torch.arange(30) % 2, about)
    app = open_train()
    app.selectbox(key="train-dataset").set_value(name)
    assert_plain(again(app))


def test_the_name_of_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    identity.give_name(OWNER, "[hi](http://evil.example)")
    assert_plain(open_train(run=a_run("mine").id))
    monkeypatch.setattr(person, "me", lambda: Person(OWNER))
    assert_plain(open_runs())
