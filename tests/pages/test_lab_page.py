"""The Lab's page without a browser: predict, run, judge, break it, export it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from lab_jobs import without_processes
from page_tools import PAGES, SECONDS, again, links
from streamlit.testing.v1 import AppTest

from aeviz.experiments import jobs, parameters, run, table
from aeviz.experiments.base import Choice, Numeric
from aeviz.experiments.jobs import Job, Status
from aeviz.figures import lab_arrows, lab_matrix, lab_points
from aeviz.ui.lab import page

LINK = {
    "experiment": "code-size",
    "dataset": "digits",
    "sizes": "2,8",
    "arms": "pca,dense",
    "seeds": "2",
    "steps": "20",
}
TINY = {name: value for name, value in LINK.items() if name != "experiment"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs for which a process would have been started."""
    return without_processes(monkeypatch)


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    """The finished tasks of `LINK`, by key, as a job keeps them."""
    experiment = table.find("code-size")
    found = experiment.build(TINY)
    tasks = experiment.tasks(found)
    return {one.key: one for one in run.in_turn("code-size", parameters.plain(found), tasks)}


def opened(**query: str) -> AppTest:
    """The Lab's page, from the app's first page: from there links to other pages work."""
    app = AppTest.from_file(str(PAGES / "index.py"), default_timeout=2 * SECONDS)
    app.switch_page("lab.py")
    for name, value in query.items():
        app.query_params[name] = value
    return again(app)


def finish(job: Job, answered: dict[str, Any], most: int | None = None) -> None:
    done: dict[str, Any] = {}
    for key, one in list(answered.items())[:most]:
        done[key] = one
        job.keep(done, one)
    phase: jobs.Phase = "done" if len(done) == len(answered) else "stopped"
    job.write_status(Status(phase, len(done), len(answered), 1.0, "", time.time()))


def texts(app: AppTest) -> str:
    return "\n".join(one.value for one in app.markdown)


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)


def test_the_list_has_every_claim() -> None:
    app = opened()
    shown = [one.value for one in app.markdown]
    for experiment in table.experiments().values():
        assert experiment.claim in shown


def test_nothing_is_shown_before_the_run() -> None:
    app = opened(**LINK)
    assert "**Predict.**" in texts(app)
    assert "**Why.**" not in texts(app)
    assert not app.radio


def test_a_press_asks_the_question_of_the_controls(started: list[Job]) -> None:
    app = opened(**LINK)
    button(app, "Run the experiment").click().run()
    assert [job.experiment()[1] for job in started] == [table.find("code-size").build(TINY)]
    assert app.query_params["ran"] == "1"


def test_the_result_has_verdict_reason_questions_and_files(
    started: list[Job], answered: dict[str, Any]
) -> None:
    finish(jobs.start("code-size", TINY), answered)
    app = opened(**LINK, ran="1", guess="0.05,0.03", pick="PCA")
    assert not app.error
    assert "**Why.**" in texts(app)
    assert any("You expected: PCA" in one.value for one in app.caption)
    question = next(q for q in table.find("code-size").questions if isinstance(q, Choice))
    radio = app.radio[0]
    radio.set_value(question.answers[question.right]).run()
    assert app.success
    radio = app.radio[0]
    wrong = next(i for i in range(len(question.answers)) if i != question.right)
    radio.set_value(question.answers[wrong]).run()
    assert app.error


def test_a_picture_and_a_line_lead_to_each_stored_network(
    started: list[Job], answered: dict[str, Any]
) -> None:
    job = jobs.start("code-size", TINY)
    finish(job, answered)
    app = opened(**LINK, ran="1")
    shown = links(app)
    for size in ("2", "8"):
        model = f"model={job.id}.dense-{size}-0"
        assert model in shown[f"dense, {size} numbers"]
        door = f'<a href="explore?{model}" title="Open “dense, {size} numbers” in Explore" aria-'
        assert galleries(app)[0].count(door) == 1
    assert "<a " not in galleries(app)[0].partition("dense")[0], "originals and PCA"
    (job.folder / "models" / "dense-2-0" / "model.safetensors").unlink()
    (job.folder / "models" / "dense-8-0" / "model.safetensors").write_bytes(b"damaged")
    app = opened(**LINK, ran="1")
    assert not app.exception
    assert "<a " not in galleries(app)[0]
    assert "Open in Explore:" not in texts(app)


def test_a_stopped_result_is_shown_and_goes_on(
    started: list[Job], answered: dict[str, Any]
) -> None:
    finish(jobs.start("code-size", TINY), answered, most=3)
    app = opened(**LINK, ran="1")
    assert not app.exception
    button(app, "Continue").click().run()
    assert len(started) == 2


def test_points_in_space_have_figures_of_their_own(started: list[Job]) -> None:
    link = {"shape": "helix", "arms": "pca,ae", "points": "100", "steps": "50", "seeds": "2"}
    experiment = table.find("points-3d")
    found = experiment.build(link)
    tasks = experiment.tasks(found)
    done = {one.key: one for one in run.in_turn("points-3d", parameters.plain(found), tasks)}
    finish(jobs.start("points-3d", link), done)
    app = opened(experiment="points-3d", **link, ran="1")
    assert not app.exception
    assert "decoder's surface" in texts(app)
    assert "The map of each method" in texts(app)
    result = jobs.start("points-3d", link).result()
    assert result is not None
    figure = lab_points.maps(result)
    assert figure is not None
    captions = [one["text"] for one in figure["layout"]["annotations"]]
    assert len(captions) == 2
    assert all("<br>new points: yes<br>way back: yes" in caption for caption in captions)


def test_clusters_have_a_map(started: list[Job]) -> None:
    link = {"dataset": "digits", "images": "60", "spaces": "pixels,AE", "steps": "20", "seeds": "1"}
    experiment = table.find("clustering")
    found = experiment.build(link)
    tasks = experiment.tasks(found)
    done = {one.key: one for one in run.in_turn("clustering", parameters.plain(found), tasks)}
    finish(jobs.start("clustering", link), done)
    app = opened(experiment="clustering", **link, ran="1")
    assert not app.exception
    assert "Labels and clusters on a map" in texts(app)
    assert "True label" in texts(app)


def test_a_denoiser_of_points_has_its_arrows(started: list[Job]) -> None:
    link = {"noise": "0.1", "steps": "20", "seeds": "1"}
    experiment = table.find("denoise-manifold")
    found = experiment.build(link)
    tasks = experiment.tasks(found)
    done = {one.key: one for one in run.in_turn("denoise-manifold", parameters.plain(found), tasks)}
    finish(jobs.start("denoise-manifold", link), done)
    app = opened(experiment="denoise-manifold", **link, ran="1")
    assert not app.exception
    assert lab_arrows.TITLE in texts(app)


def test_a_series_has_three_pictures_side_by_side_and_all_on_a_slider(started: list[Job]) -> None:
    link = {"dataset": "digits", "betas": "0,0.5,1,1000", "steps": "20", "seeds": "1"}
    experiment = table.find("balance")
    found = experiment.build(link)
    tasks = experiment.tasks(found)
    done = {one.key: one for one in run.in_turn("balance", parameters.plain(found), tasks)}
    job = jobs.start("balance", link)
    finish(job, done)
    app = opened(experiment="balance", **link, ran="1")
    assert not app.exception
    (slider,) = app.select_slider
    assert slider.options == ["0", "0.5", "1", "1000"]
    assert slider.value == "1"
    beside, one = galleries(app)
    for role in ("beta 0, reconstruction alone", "beta 1, together", "beta 1000, the KL alone"):
        assert f"<figcaption>{role}: decoded" in beside
    assert "beta 0.5" not in beside
    assert one.count("<figure>") == 2
    slider.set_value("0.5").run()
    one = galleries(app)[-1]
    assert "<figcaption>beta 0.5: decoded" in one
    assert one.count("<figure>") == 2
    finish(job, done, most=2)  # stopped after beta = 1 and 0
    app = opened(experiment="balance", **link, ran="1")
    assert not app.exception
    assert not app.select_slider


def galleries(app: AppTest) -> list[str]:
    """The HTML of the pictures, from the top of the page."""
    found = [one.proto.body for one in app.get("html")]
    return [body for body in found if body.startswith('<div class="av-lab-pictures">')]


def test_trained_on_one_kind_and_tested_on_another_is_a_matrix(started: list[Job]) -> None:
    link = {"dataset": "digits", "arms": "dense", "sizes": "8", "seeds": "1"}
    experiment = table.find("compression")
    row = {"arm": "PCA, trained on digits", "tested_on": "noise", "seed": 0, "ratio": 2.5}
    tasks = experiment.tasks(experiment.build(link))
    done = {task.key: run.Done(task.key, [dict(row)], {}, 1.0) for task in tasks}
    finish(jobs.start("compression", link), done)
    app = opened(experiment="compression", **link, ran="1")
    assert not app.exception
    assert lab_matrix.TITLE in texts(app)


@pytest.mark.parametrize(
    "query",
    [
        {"experiment": "none"},
        {"experiment": "code-size", "sizes": "x"},
        {"experiment": "code-size", "seeds": "9" * 400},
        {"experiment": "code-size", "dataset": "gone"},
    ],
)
def test_a_wrong_link_is_a_sentence(query: dict[str, str]) -> None:
    assert len(opened(**query).error) == 1


@pytest.mark.parametrize("guess", ["", "1", "a,b", "nan,1", "1,2,3", "1" * 500])
def test_a_wrong_prediction_is_none(guess: str) -> None:
    app = opened(**LINK, guess=guess)
    assert not app.error


def test_another_link_fills_in_its_own_settings() -> None:
    app = opened(**LINK)
    fields = {one.label: one for one in app.text_input}
    assert fields["Code sizes"].value == "2,8"
    fields["Code sizes"].set_value("2,16").run()
    assert app.query_params["sizes"] == "2,16"
    app.query_params["sizes"] = "4,32"
    app.run()
    assert {one.label: one.value for one in app.text_input}["Code sizes"] == "4,32"


def test_break_it_keeps_the_data_set_if_its_parameters_allow_it() -> None:
    code_size = table.find("code-size")
    fashion = code_size.build({"dataset": "fashion-mnist"})
    assert page._broken(code_size, fashion) == {
        "dataset": "fashion-mnist",
        **code_size.break_it.changes,
    }
    tiny = code_size.build({"dataset": "digits", "sizes": "2,8"})  # too few pixels for 1,024
    assert page._broken(code_size, tiny) == code_size.break_it.changes
    anomaly = table.find("anomaly")  # about the digit 1
    changed = page._broken(anomaly, anomaly.build({"dataset": "fashion-mnist"}))
    assert changed["dataset"] == "mnist-5k"
    points = table.find("points-3d")
    assert page._broken(points, points.build({})) == {"shape": "torus"}


def test_questions_are_numbered_as_they_are_shown(
    started: list[Job], answered: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the result has no number for one of them: here for the first and the last."""
    experiment = table.find("code-size")
    missing = Numeric("How many?", lambda result: None, "")
    asked = replace(experiment, questions=(missing, *experiment.questions))
    monkeypatch.setattr(table, "find", lambda name: asked)
    finish(jobs.start("code-size", TINY), answered)
    app = opened(**LINK, ran="1")
    shown = [one.label for one in (*app.radio, *app.number_input) if one.label[1:2] == "."]
    assert sorted(label[:2] for label in shown) == ["1.", "2."]


def test_a_pick_that_is_no_arm_has_a_question_of_its_own() -> None:
    app = opened(experiment="likelihood", pick="3 to 10 nats")
    (pick,) = app.get("button_group")
    assert pick.proto.label == "By how much will it fall?"
    assert pick.value == "3 to 10 nats"
