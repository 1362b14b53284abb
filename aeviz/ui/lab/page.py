"""The Lab's page: the list of experiments, or one of them from its claim to its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from aeviz.errors import UserError
from aeviz.experiments import document, jobs, parameters, table
from aeviz.experiments.base import Experiment, Result
from aeviz.experiments.jobs import Job
from aeviz.ui.lab import address, controls, outcome, own_image, prediction, questions
from aeviz.ui.shared import person, problems
from aeviz.ui.shared.component import component

INTRODUCTION = (
    "Each experiment tests one claim about autoencoders. Predict the result first. Then run the "
    "experiment, which also measures other methods, and see if the claim holds. Any claim may fail."
)


def show() -> None:
    """The list of experiments, or the one in the address."""
    outcome.styles()
    address.arrive()
    with st.container(key="aeviz-lab"):
        try:
            experiment = address.experiment()
        except UserError as error:
            problems.show(error)
            experiment = None
        if experiment is None:
            index()
        else:
            one(experiment)
    address.leave()


def index() -> None:
    """All experiments, each with its claim."""
    st.title("The Lab", anchor=False)
    st.markdown(INTRODUCTION)
    columns = st.columns(2, gap="medium")
    for number, experiment in enumerate(table.experiments().values()):
        with columns[number % 2].container(border=True):
            st.page_link(
                "lab.py",
                label=f"**{experiment.title}**",
                query_params={address.NAME: experiment.name},
            )
            st.markdown(experiment.claim)


def one(experiment: Experiment) -> None:
    """One experiment."""
    st.page_link("lab.py", label="All experiments", icon=":material/arrow_back:", query_params={})
    st.title(experiment.title, anchor=False)
    st.markdown(f"**Claim.** {experiment.claim}")
    try:
        start = address.chosen(experiment)
    except UserError as error:
        problems.show(UserError(f"The settings in this link cannot be used. {error}"))
        start = experiment.build({})
    before = None
    with st.expander("Settings"):
        params = controls.choose(experiment, start)
    if params is not None:
        before = parameters.plain(start) != parameters.plain(params)
        address.remember(experiment, params)
        if before:
            address.set_ran(False)
    job = _job(experiment, params) if params is not None and address.ran() else None
    if params is not None and job is None:
        prediction.show(experiment, params)
        _run_button(experiment, params)
    elif job is not None:
        _result(experiment, params, job)


def _job(experiment: Experiment, params: Any) -> Job | None:
    """The job of these parameters if it runs, waits or has finished tasks."""
    job = jobs.existing(experiment.name, parameters.plain(params))
    if job is None or (job.status.phase in jobs.OVER and not job.finished()):
        if job is not None and job.status.message:
            problems.show(UserError(job.status.message))
        return None
    return job


def _run_button(experiment: Experiment, params: Any) -> None:
    known = jobs.existing(experiment.name, parameters.plain(params))
    done = known is not None and known.status.phase == "done"
    tasks = len(experiment.tasks(params))
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Run the experiment", type="primary", icon=":material/science:")
        st.caption(
            "Somebody has run this before: the result is there at once."
            if done
            else f"{tasks} tasks. The first points come after some seconds.",
            width="content",
        )
    if pressed:
        _start(experiment, params)


def _start(experiment: Experiment, params: Any) -> None:
    try:
        person.need_owner()
        jobs.start(experiment.name, parameters.plain(params), person.me().owner)
    except UserError as error:
        problems.show(error)
        return
    address.set_ran(True)
    address.leave()
    st.rerun()


def _result(experiment: Experiment, params: Any, job: Job) -> None:
    status = job.status
    if status.phase not in jobs.OVER:
        outcome.live(job)
        return
    result = job.result()
    assert result is not None
    outcome.verdict(experiment, result, status)
    if not result.complete and st.button("Continue", icon=":material/resume:"):
        _start(experiment, params)
    outcome.charts(experiment, params, result, reveal=True)
    st.markdown(f"**Why.** {experiment.why}")
    outcome.pictures(job, experiment, result)
    outcome.details(job, experiment, result, status.seconds)
    own_image.show(job, result)
    _break_it(experiment, params)
    questions.show(experiment, result)
    _take_along(experiment, result, status.seconds)


def _break_it(experiment: Experiment, params: Any) -> None:
    """The parameters for which the claim fails."""
    case = experiment.break_it
    st.subheader("Break it", anchor=False)
    st.markdown(f"**{case.label}.** {case.text}")
    broken = _broken(experiment, params)
    changes = {name: parameters.as_text(value) for name, value in broken.items()}
    st.page_link(
        "lab.py",
        label="Set it up",
        icon=":material/build:",
        query_params={address.NAME: experiment.name, **changes},
    )


def _broken(experiment: Experiment, params: Any) -> Mapping[str, Any]:
    """Those parameters, with this data set if they allow it."""
    changes = experiment.break_it.changes
    if not hasattr(params, "dataset"):
        return changes
    with_data = {"dataset": params.dataset, **changes}
    try:
        experiment.build(with_data)
    except UserError:
        return changes
    return with_data


def _take_along(experiment: Experiment, result: Result, seconds: float) -> None:
    """The result as files, as a link and as a command."""
    st.subheader("Files and command", anchor=False)
    name = experiment.name
    data = document.document(experiment, result, seconds)
    book = document.notebook(experiment, result.parameters)
    with st.container(horizontal=True):
        _download("CSV", document.as_csv(result), f"{name}.csv", "text/csv")
        _download("JSON", json.dumps(data, indent=1), f"{name}.json", "application/json")
        _download("Notebook", book, f"{name}.ipynb", "application/x-ipynb+json")
        component("static/save_chart.js", "styles/export.css")(
            key="aeviz-save-chart",
            data={
                "charts": "aeviz-lab-",
                "title": experiment.title,
                "name": name,
                "label": "PNG",
                "help": "The first chart as a picture.",
            },
            width="content",
        )
        component("static/link.js", "styles/export.css")(
            key="aeviz-result-link",
            data={
                "link": address.link(),
                "label": "Copy link",
                "help": "A link to this result, with your prediction.",
                "testid": "aeviz-result-link",
            },
            width="content",
        )
    st.caption("The same on the command line:")
    st.code(document.command(experiment, result.parameters), language="bash", wrap_lines=True)


def _download(label: str, text: str, file: str, kind: str) -> None:
    st.download_button(
        label, text, file, kind, icon=":material/download:", on_click="ignore",
        key=f"lab-{file}",
    )  # fmt: skip
