"""Owners of data sets of own images, on the Train page."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from page_tools import again, open_train
from streamlit.testing.v1 import AppTest

from aeviz.datasets import custom, custom_images
from aeviz.identity import Person
from aeviz.ui.shared import person

ADA, BOB = Person("a" * 32), Person("b" * 32)


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A data set of Ada's."""
    monkeypatch.setenv("AEVIZ_DATASETS", str(tmp_path / "datasets"))
    images = torch.randint(0, 256, (30, 1, 16, 16), dtype=torch.uint8)
    about = {"class_names": ("a", "b")}
    return custom_images.keep("Hers", images, torch.arange(30) % 2, about, ADA.owner)


def shown(name: str) -> AppTest:
    app = open_train()
    app.selectbox(key="train-dataset").set_value(name)
    return again(app)


def removes(app: AppTest) -> bool:
    return any(str(button.key).startswith("own-images-remove-") for button in app.button)


def test_its_owner_can_remove_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "me", lambda: ADA)
    app = shown(name)
    assert removes(app)
    app.button(key=f"own-images-remove-{name}").click()
    app.run()
    assert custom.sources() == []


def test_others_are_told_whose_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "me", lambda: BOB)
    app = shown(name)
    assert not removes(app)
    assert any("Made by somebody else" in caption.value for caption in app.caption)


def test_the_machines_own_browser_can_remove_any(name: str) -> None:
    assert removes(shown(name))
