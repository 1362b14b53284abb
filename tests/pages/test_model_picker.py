"""The list of models: owners, differences, and no two equal lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from page_tools import run
from small_models import identity_model, pca_denoiser, save

from aeviz import identity
from aeviz.identity import Person
from aeviz.ui.shared import person

ADA, BOB = Person("a" * 32), Person("b" * 32)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the bundled models, `copy` and `pca`."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "bundled"))
    save(tmp_path / "bundled" / "copy.safetensors", identity_model(type="linear"))
    save(tmp_path / "bundled" / "pca.safetensors", pca_denoiser())
    return tmp_path / "bundled"


def trained(
    folder: Path, owner: Person, age: int = 0, name: str = "", epochs: int = 5, **settings: object
) -> None:
    """A run with a model, in `runs_dir`."""
    folder.mkdir(parents=True)
    (folder / "owner").write_text(owner.owner)
    if name:
        (folder / "name").write_text(name)
    path = folder / "model.safetensors"
    save(path, pca_denoiser(**settings), epochs=epochs)
    os.utime(path, (1_700_000_000 - age,) * 2)


def options(monkeypatch: pytest.MonkeyPatch, who: Person) -> list[str]:
    monkeypatch.setattr(person, "me", lambda: who)
    return [str(line) for line in run("reconstruct").selectbox[0].options]


def test_bundled_models_come_first_then_mine_then_the_classs(
    models: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(runs_dir / "of-bob", BOB, age=1)
    trained(runs_dir / "of-ada", ADA, age=2)
    identity.give_name(BOB.owner, "Bob")
    for who, expected in (
        (ADA, ["copy", "pca", "Mine", "Bob"]),
        (BOB, ["copy", "pca", "Mine", "Somebody else"]),
    ):
        assert [line.split(" · ")[0] for line in options(monkeypatch, who)] == expected


def test_models_called_alike_say_what_differs_and_no_two_lines_are_equal(
    models: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i, settings in enumerate(({}, {}, {"training.seed": 7}, {"epochs": 9})):
        trained(runs_dir / f"run-{i}", ADA, **settings)
    lines = options(monkeypatch, ADA)[2:]
    assert len(set(lines)) == 4
    assert [("seed 7" in line, "9 epochs" in line) for line in lines].count((True, False)) == 1
    assert [("seed 7" in line, "9 epochs" in line) for line in lines].count((False, True)) == 1


def test_a_model_alone_of_its_name_says_no_more_than_that(
    models: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(runs_dir / "one", ADA, name="One", **{"training.seed": 7})
    [line] = options(monkeypatch, ADA)[2:]
    assert line.startswith("Mine · One · ")
    assert "seed" not in line
    assert "epochs" not in line


def test_a_name_that_is_markup_is_shown_as_it_is(models: Path, runs_dir: Path) -> None:
    trained(runs_dir / "evil", BOB, name="[win](http://x.test) <b>")
    warned = run("reconstruct", model="[gone](http://x.test)").warning[0].value
    assert "\\[gone\\](http:\u2060//x.test)" in warned
    app = run("reconstruct", model="evil")
    assert "[win](http" not in " ".join(text.value for text in app.markdown)
