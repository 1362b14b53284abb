"""Runs have owners: what the Train page lets people do with their own, and with others'."""

from __future__ import annotations

import time

import pytest
from page_tools import again, open_train
from streamlit.testing.v1 import AppTest

from aeviz import identity
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.io import locks
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs import manage, spawn, store
from aeviz.runs.store import Run, Status
from aeviz.ui.shared import person
from aeviz.ui.train import run_view

ADA, BOB = Person("a" * 32), Person("b" * 32)


def at_the_browser(monkeypatch: pytest.MonkeyPatch, who: Person) -> None:
    monkeypatch.setattr(person, "me", lambda: who)


def a_run(owner: Person, status: Status) -> Run:
    run = store.create(PRESETS["vae"].config, owner.owner)
    run.write_status(status)
    return run


def labels(app: AppTest) -> list[str]:
    return [item.label for item in app.button]


def test_a_run_belongs_to_who_started_it(
    monkeypatch: pytest.MonkeyPatch, started: list[RunConfig]
) -> None:
    at_the_browser(monkeypatch, ADA)
    app = open_train()
    app.button(key="train-start").click()
    again(app)
    assert [run.owner for run in store.runs()] == [ADA.owner]


def test_a_run_of_somebody_elses_can_be_watched_and_not_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity.give_name(ADA.owner, "Ada")
    run = a_run(ADA, Status("running", 1, 40, 320, 8000.0, 62.0, created=time.time()))
    lock = locks.take(run.pid_path)
    assert lock is not None
    with lock:
        at_the_browser(monkeypatch, BOB)
        app = open_train(run=run.id)
        assert "Stop" not in labels(app)
        assert any("Started by Ada" in item.value for item in app.caption)
        at_the_browser(monkeypatch, ADA)
        assert "Stop" in labels(open_train(run=run.id))


EPOCHS = PRESETS["vae"].config.training.epochs
ON = {f"Continue ({EPOCHS - 1} epochs left)", "Train longer"}


def test_a_run_of_somebody_elses_cannot_be_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(ADA, Status("stopped", epoch=1, message="Stopped."))
    run.resume_path.touch()
    at_the_browser(monkeypatch, BOB)
    assert not ON & set(labels(open_train(run=run.id)))
    at_the_browser(monkeypatch, ADA)
    assert set(labels(open_train(run=run.id))) >= ON


def test_where_a_run_cannot_go_on_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(ADA, Status("stopped", epoch=1, message="Stopped."))
    run.resume_path.touch()
    at_the_browser(monkeypatch, ADA)

    def refuse(run: Run, me: Person) -> None:
        raise UserError("The disk is full.")

    monkeypatch.setattr(manage, "resume", refuse)
    drawn: list[Run] = []
    monkeypatch.setattr(run_view.run_figures, "draw", lambda run, *rest: drawn.append(run))
    app = open_train(run=run.id)
    drawn.clear()
    app.button(key=f"resume-{run.id}").click()
    assert [item.value for item in again(app).error] == ["The disk is full."]
    assert [one.id for one in drawn] == [run.id]  # what follows on the page stays


def test_a_run_is_continued_for_as_many_epochs_as_were_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = a_run(ADA, Status("done", epoch=10))
    run.resume_path.touch()
    at_the_browser(monkeypatch, ADA)
    asked: list[tuple[Run, int]] = []

    def train_longer(run: Run, epochs: int) -> None:
        asked.append((run, epochs))

    monkeypatch.setattr(spawn, "train_longer", train_longer)
    app = open_train(run=run.id)
    assert not any(label.startswith("Continue") for label in labels(app))
    app.number_input(key=f"further-{run.id}").set_value(7)
    app.button(key=f"train-on-{run.id}").click()
    again(app)
    assert asked == [(run, 7)]


def test_a_refusal_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is checked when the button is pressed, whatever the page has offered."""
    run = a_run(ADA, Status("stopped", epoch=1, message="Stopped."))
    at_the_browser(monkeypatch, ADA)
    app = open_train(run=run.id)

    def refuse(run: Run, me: Person) -> None:
        raise UserError("This run is somebody else's.")

    monkeypatch.setattr(manage, "resume", refuse)
    app.button(key=f"resume-{run.id}").click()
    again(app)
    assert [item.value for item in app.error] == ["This run is somebody else's."]
