"""Uploaded models on the pages: mine on Train, all on Runs, each deleted by its owner."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_tools import again, open_runs, open_train
from small_models import pca_denoiser, save
from streamlit.testing.v1 import AppTest

from aeviz import limits
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.models import library, uploads
from aeviz.models.library import ModelInfo
from aeviz.ui.shared import person, pickers

ADA, BOB = Person("a" * 32), Person("b" * 32)


@pytest.fixture(autouse=True)
def ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada is at the browser; there is no bundled model."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setattr(person, "me", lambda: ADA)


@pytest.fixture
def hers(tmp_path: Path) -> ModelInfo:
    save(tmp_path / "a.safetensors", pca_denoiser(), epochs=1)
    return uploads.add((tmp_path / "a.safetensors").read_bytes(), "a", ADA.owner)


@pytest.fixture
def his(tmp_path: Path) -> ModelInfo:
    save(tmp_path / "b.safetensors", pca_denoiser(), epochs=2)
    return uploads.add((tmp_path / "b.safetensors").read_bytes(), "b", BOB.owner)


def deletes(app: AppTest) -> set[str]:
    keys = (str(button.key) for button in app.button)
    return {key.removeprefix("delete-") for key in keys if key.startswith("delete-upload-")}


def links(app: AppTest) -> str:
    return " ".join(link.proto.query_string for link in app.get("page_link"))


def test_the_train_page_lists_mine(hers: ModelInfo, his: ModelInfo) -> None:
    app = open_train()
    assert hers.name in links(app)
    assert his.name not in links(app)
    assert deletes(app) == {hers.name}


def test_a_model_that_i_open_is_mine(tmp_path: Path) -> None:
    save(tmp_path / "a.safetensors", pca_denoiser())
    app = open_train()
    content = (tmp_path / "a.safetensors").read_bytes()
    app.file_uploader[0].set_value([("a.safetensors", content, "application/octet-stream")])
    app = again(app)
    [info] = library.models()
    assert info.owner == ADA.owner
    assert pickers.lines([info], ADA)[info.name].startswith("Mine · ")
    assert deletes(app) == {info.name}
    assert app.success
    app.button(key=f"delete-{info.name}").click()
    assert not again(app).success  # its file is still chosen


def test_one_too_many_is_a_sentence(hers: ModelInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MODELS", limits.Limit(in_all=9, person=1))
    app = open_train()
    app.file_uploader[0].set_value([("a.safetensors", b"{}", "application/octet-stream")])
    assert "delete one of them first" in again(app).error[0].value


def test_the_runs_page_lists_mine_and_the_classs(hers: ModelInfo, his: ModelInfo) -> None:
    mine = open_runs(runs_scope_kept="mine")
    assert (hers.name in links(mine), his.name in links(mine)) == (True, False)
    everybodys = open_runs(runs_scope_kept="class")
    assert hers.name in links(everybodys)
    assert his.name in links(everybodys)
    assert deletes(everybodys) == {hers.name}


def test_a_filter_finds_them(hers: ModelInfo, his: ModelInfo) -> None:
    app = open_runs(runs_scope_kept="class", runs_filter="somebody")
    assert (hers.name in links(app), his.name in links(app)) == (False, True)


def test_the_machines_own_browser_deletes_any(
    his: ModelInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person, "me", lambda: Person(local=True))
    app = open_runs(runs_scope_kept="class")
    app.button(key=f"delete-{his.name}").click()
    again(app)
    assert library.models() == []


def test_mine_is_deleted_with_two_clicks(hers: ModelInfo) -> None:
    app = open_train()
    app.button(key=f"delete-{hers.name}").click()
    app = again(app)
    assert library.models() == []
    assert deletes(app) == set()


def refuse(name: str, me: Person) -> None:
    raise UserError("This model has been deleted already.")


def refused_on_runs(hers: ModelInfo, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The Runs page after a deletion that was refused, and a refresh."""
    app = open_runs(runs_scope_kept="mine")
    with monkeypatch.context() as patched:
        patched.setattr(uploads, "remove", refuse)
        app.button(key=f"delete-{hers.name}").click()
        app = again(app)
    assert sentences(app) == ["This model has been deleted already."]
    app = again(app)
    assert sentences(app) == ["This model has been deleted already."]
    return app


def sentences(app: AppTest) -> list[str]:
    return [error.value for error in app.error]


def test_a_refusal_stays_until_the_next_deletion(
    hers: ModelInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = refused_on_runs(hers, monkeypatch)
    app.button(key=f"delete-{hers.name}").click()
    assert sentences(again(app)) == []


def test_a_refusal_stays_although_its_model_is_gone(
    hers: ModelInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = refused_on_runs(hers, monkeypatch)
    uploads.remove(hers.name, ADA)
    assert sentences(again(app))


def test_a_refusal_goes_when_something_else_is_listed(
    hers: ModelInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = refused_on_runs(hers, monkeypatch)
    app.text_input(key="runs-filter").set_value("upload")
    assert sentences(again(app)) == []
    app.text_input(key="runs-filter").set_value("")
    assert sentences(again(app)) == []
