"""The Runs page without a browser. What is ticked lies in the session's state."""

from __future__ import annotations

import time
from urllib.parse import parse_qsl

import pytest
from page_tools import again, data, links, open_runs, open_train, press
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from aeviz import identity
from aeviz.datasets import DATASETS
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.io import locks
from aeviz.presets.autoencoders import PRESETS, title
from aeviz.runs import listing, manage, spawn, store
from aeviz.runs.store import Run, Status
from aeviz.teacher import TEACHERS
from aeviz.ui.runs import table
from aeviz.ui.shared import person
from aeviz.ui.train import settings

ADA, BOB = Person("a" * 32), Person("b" * 32)
CODE = "bottleneck.latent_dim"


@pytest.fixture(autouse=True)
def ada(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada is at the browser."""
    monkeypatch.setattr(person, "me", lambda: ADA)


def a_run(owner: Person = ADA, phase: str = "done", type_: str = "vae", **changes: object) -> Run:
    """Of two measured epochs."""
    run = store.create(PRESETS[type_].config.replace(**changes), owner.owner)
    run.write_status(Status(phase, epoch=2, created=time.time()))  # type: ignore[arg-type]
    for epoch in (1, 2):
        terms = {"loss": 30.0 / epoch, "recon": 20.0 / epoch, "kl": 10.0 / epoch, "penalty": 0.0}
        terms["mse"] = 0.02 / epoch
        run.append_metrics({"epoch": epoch, "step": epoch, "validation": terms})
    return run


def shown(app: AppTest) -> list[str]:
    return [row["id"] for row in data(app, table.KEY)["rows"]]


def cells(app: AppTest, run: Run) -> dict[str, str]:
    rows = data(app, table.KEY)["rows"]
    found: dict[str, str] = next(row["cells"] for row in rows if row["id"] == run.id)
    return found


def button(app: AppTest, label: str) -> Button:
    return next(item for item in app.button if item.label == label)


def labels(app: AppTest) -> set[str]:
    return {item.label for item in app.button} | {
        item.proto.popover.label for item in app.get("popover")
    }


def test_mine_are_mine_and_the_class_has_all() -> None:
    identity.give_name(BOB.owner, "Bob")
    mine, his = a_run(), a_run(BOB)
    app = open_runs()
    assert shown(app) == [mine.id]
    app = press(app, "runs-scope", "class")
    assert set(shown(app)) == {mine.id, his.id}
    assert cells(app, mine)["owner"] == "you"
    assert cells(app, his)["owner"] == "Bob"


def test_a_row_says_what_there_is_to_say() -> None:
    mine = a_run(**{CODE: 2, "training.epochs": 20})
    a_run(**{CODE: 8, "training.epochs": 2})
    said = cells(open_runs(), mine)
    assert said == {
        "name": title(mine.config), "owner": "you", "status": "done",
        "dataset": DATASETS["mnist-5k"].title, "type": "Variational (VAE)",
        "epochs": "2 of 20", "mse": "0.0100", "loss": "15 nats", "differs": "code size 2",
        "age": "now",
    }  # fmt: skip


def test_no_runs_is_a_sentence() -> None:
    assert "You have trained nothing here yet" in data(open_runs(), table.KEY)["empty"]
    a_run()
    app = open_runs()
    app.text_input(key="runs-filter").set_value("no such words")
    assert "No run matches" in data(again(app), table.KEY)["empty"]


def test_the_filter_looks_through_all_words() -> None:
    vae, plain = a_run(dataset="digits"), a_run(type_="standard", phase="failed")
    app = open_runs()
    for text, found in (("digits VARIATIONAL", vae), ("failed", plain)):
        app.text_input(key="runs-filter").set_value(text)
        assert shown(again(app)) == [found.id]


def test_the_filter_looks_through_the_settings() -> None:
    default, steep = a_run(), a_run(**{"training.optimizer": "sgd", "loss.beta": 4.0})
    app = open_runs()
    for text, found in (("beta 4 sgd", [steep.id]), ("optimiser", [steep.id, default.id])):
        app.text_input(key="runs-filter").set_value(text)
        assert shown(again(app)) == found


def test_a_column_sorts() -> None:
    first, second = a_run(name="b"), a_run(name="a")
    assert shown(open_runs(runs_sort=("name", False))) == [second.id, first.id]
    assert shown(open_runs(runs_sort=("name", True))) == [first.id, second.id]


def test_somebody_elses_run_can_be_opened_and_duplicated_and_nothing_more() -> None:
    his = a_run(BOB)
    app = open_runs(runs_chosen=[his.id], runs_scope_kept="class")
    offered = labels(app)
    assert {"Open", "Duplicate with changes"} <= links(app).keys()
    assert links(app)["Open"] == f"run={his.id}"
    assert not {"Rename", "Train longer", "Delete", "Stop"} & offered
    assert not any(label.startswith("Continue") for label in offered)
    assert any("This run belongs to somebody else" in item.value for item in app.caption)


def test_a_wrong_teachers_code_is_a_sentence_that_stays() -> None:
    app = open_runs()
    app.text_input(key="runs-code").set_value("0000-000x")
    app.button(key="runs-code-enter").click()
    assert "not the code" in again(app).error[0].value
    assert again(app).error
    app.text_input(key="runs-code").set_value(TEACHERS.code)
    app.button(key="runs-code-enter").click()
    assert not again(app).error
    assert ADA.owner in TEACHERS


def test_a_teacher_is_offered_what_the_owner_is(monkeypatch: pytest.MonkeyPatch) -> None:
    his = a_run(BOB)
    teacher = Person(ADA.owner, code=True)
    monkeypatch.setattr(person, "me", lambda: teacher)
    app = open_runs(runs_chosen=[his.id], runs_scope_kept="class")
    assert {"Rename", "Delete"} <= labels(app)
    assert cells(app, his)["owner"] != "you"
    assert "You teach this class" in " ".join(item.value for item in app.markdown)
    button(app, "Delete for good").click()
    again(app)
    assert his.is_gone


def test_what_is_mine_is_renamed_and_deleted() -> None:
    mine, other = a_run(), a_run()
    app = open_runs(runs_chosen=[mine.id])
    app.text_input(key=f"name-{mine.id}").set_value("My best")
    app.button(key=f"rename-{mine.id}").click()
    assert cells(again(app), mine)["name"] == "My best"
    button(app, "Delete for good").click()
    assert shown(again(app)) == [other.id]
    assert mine.is_gone
    assert not app.error


def test_of_several_the_one_that_trains_is_kept_and_a_sentence_says_why() -> None:
    done, going = a_run(), a_run(phase="running")
    lock = locks.take(going.pid_path)
    assert lock is not None
    with lock:
        app = open_runs(runs_chosen=[done.id, going.id])
        button(app, "Delete for good").click()
        assert shown(again(app)) == [going.id]
        assert [item.value for item in app.error] == [
            "This run is still being trained: stop it first."
        ]
        assert app.run().error  # the list refreshes itself: what it said stays


def test_a_refusal_stays_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is checked when the button is pressed, whatever the page has offered."""
    mine = a_run()
    app = open_runs(runs_chosen=[mine.id])

    def refuse(run: Run, name: str, me: Person) -> None:
        raise UserError("This run is somebody else's.")

    monkeypatch.setattr(manage, "rename", refuse)
    app.button(key=f"rename-{mine.id}").click()
    again(app)
    assert [item.value for item in app.error] == ["This run is somebody else's."]
    assert again(app).error
    app.session_state["runs-chosen"] = []
    assert not again(app).error


def test_why_a_run_was_not_deleted_stays_although_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, remove = a_run(), manage.remove

    def too_late(run: Run, me: Person) -> None:
        """Another page has already done it."""
        remove(run, me)
        remove(run, me)

    monkeypatch.setattr(manage, "remove", too_late)
    app = open_runs(runs_chosen=[mine.id])
    button(app, "Delete for good").click()
    for _ in range(2):
        assert shown(again(app)) == []
        assert ["no longer on the disk" in item.value for item in app.error] == [True]


def test_a_run_of_mine_that_trains_can_be_stopped() -> None:
    mine = a_run(phase="running")
    lock = locks.take(mine.pid_path)
    assert lock is not None
    with lock:
        app = open_runs(runs_chosen=[mine.id])
        app.button(key=f"list-stop-{mine.id}").click()
        again(app)
        assert mine.stop_requested


def test_a_run_goes_on_for_further_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Run, int]] = []
    monkeypatch.setattr(spawn, "train_longer", lambda run, epochs: asked.append((run, epochs)))
    mine = a_run()
    mine.resume_path.touch()
    app = open_runs(runs_chosen=[mine.id])
    app.number_input(key=f"further-{mine.id}").set_value(5)
    app.button(key=f"train-on-{mine.id}").click()
    again(app)
    assert asked == [(mine, 5)]


def test_a_duplicate_fills_in_the_settings_on_the_train_page() -> None:
    his = a_run(BOB, **{CODE: 3, "dataset": "digits"})
    app = open_runs(runs_chosen=[his.id], runs_scope_kept="class")
    query = dict(parse_qsl(links(app)["Duplicate with changes"]))
    app = open_train(**query)
    assert not app.warning
    assert app.selectbox(key="train-type").value == "vae"
    assert app.selectbox(key="train-dataset").value == "digits"
    assert next(item for item in app.number_input if item.label == "Code size").value == 3


def test_the_ticked_runs_curves_lie_over_each_other() -> None:
    first, second = a_run(name="One"), a_run(name="Two", **{"loss.beta": 4.0})
    app = open_runs(runs_chosen=[second.id, first.id, "gone"])
    figure = data(app, "aeviz-curves-over")["figure"]
    assert [trace["name"] for trace in figure["data"]] == ["Two", "One"]
    assert figure["data"][0]["y"] == [0.02, 0.01]
    assert not any("heights" in item.value for item in app.caption)  # one unit for all
    app = press(app, "runs-term", "loss")
    figure = data(app, "aeviz-curves-over")["figure"]
    assert figure["data"][0]["y"] == [30.0, 15.0]
    assert any("they weight the KL differently" in item.value for item in app.caption)
    app = press(app, "runs-term", "recon")
    assert data(app, "aeviz-curves-over")["figure"]["data"][0]["y"] == [20.0, 10.0]
    assert not any("heights" in item.value for item in app.caption)


def test_curves_of_runs_that_are_called_the_same_are_told_apart() -> None:
    mine = [a_run(**{CODE: 2}), a_run(**{CODE: 8}), a_run(**{CODE: 8})]
    names = table.labels([row for row in listing.rows() if row.run in mine])
    assert len(set(names)) == 3
    assert any(name.endswith("code size 2") for name in names)


def test_a_name_for_the_class() -> None:
    app = open_runs()
    app.text_input(key="runs-me").set_value("Ada")
    app.button(key="runs-me-save").click()
    again(app)
    assert identity.name_of(ADA.owner) == "Ada"


def test_words() -> None:
    assert [table.age(s) for s in (5, 65, 7200, 90_000, 180_000)] == [
        "now", "1 min", "2 h", "1 day", "2 days"
    ]  # fmt: skip
    assert settings.with_value("network.hidden", (512, 256)) == "nodes 512, 256"
    assert settings.with_value("network.hidden", ()) == "nodes none"
    assert settings.with_value("training.optimizer", "adamw") == "optimiser AdamW"
    assert settings.with_value("training.lr", 3e-4) == "learning rate 0.0003"
    assert settings.with_value("loss.beta", 4.0) == "beta 4"
    assert settings.with_value("network.skips", "all") == "skips all"


def test_what_a_browser_sends_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    state: dict[str, object] = {table.KEY: {"chosen": ["a", 3, "a", None], "sort": {"by": "x"}}}
    monkeypatch.setattr(st, "session_state", state)
    table._chosen()
    table._sorted()
    assert state[table.CHOSEN] == ["a"]
    assert table.SORT not in state
    state[table.KEY] = {"chosen": "all", "sort": {"by": "loss", "falling": "yes"}}
    table._chosen()
    table._sorted()
    assert state[table.CHOSEN] == ["a"]
    assert state[table.SORT] == ("loss", False)
