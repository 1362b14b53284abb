"""The result of an experiment: progress, charts, verdict, pictures, table, protocol."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from aeviz.errors import UserError
from aeviz.experiments import document, jobs, parameters
from aeviz.experiments.base import Experiment, Picture, Result, Series, Verdict
from aeviz.experiments.document import Reference
from aeviz.experiments.jobs import Job
from aeviz.export import config_link
from aeviz.figures import lab
from aeviz.io.paths import WEB
from aeviz.runs import queue
from aeviz.ui.lab import networks, own_figures, prediction
from aeviz.ui.lab.networks import Networks
from aeviz.ui.shared import person, problems
from aeviz.ui.shared.chart import chart
from aeviz.wording import numbers_in, place_in_queue

EVERY_SECONDS = 1.0
OUTCOMES = {"holds": "It holds", "fails": "It fails", "open": "Undecided"}
MAX_PICTURES = 80


def live(job: Job) -> None:
    """The result while it grows; the page is rebuilt once the job is over."""
    with st.container(key="aeviz-lab-live"):
        st.fragment(_live, run_every=EVERY_SECONDS)(job)


def _live(job: Job) -> None:
    status = job.status
    if status.phase in jobs.OVER:
        st.rerun()
    experiment, params = job.experiment()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(status.done / max(status.tasks, 1), _progress(job), width="stretch")
        if st.button("Stop", icon=":material/stop_circle:", disabled=job.stop_requested):
            try:
                job.stop(person.me())
            except UserError as error:
                problems.show(error)
    charts(experiment, params, job.result())


def _progress(job: Job) -> str:
    status = job.status
    if status.phase == "queued" or not status.tasks:
        place = queue.place(job)
        return place_in_queue(place) if place else "Starting"
    if not status.done:
        return f"Task 1 of {status.tasks}"
    left = status.seconds / status.done * (status.tasks - status.done)
    rest = f"about {left:.0f} s left" if left < 90 else f"about {left / 60:.0f} minutes left"
    return f"{status.done} of {status.tasks} tasks done, {rest}"


def charts(
    experiment: Experiment, params: Any, result: Result | None, reveal: bool = False
) -> None:
    """The charts that have data, the first alone, then two in a row, and the experiment's own
    figures. `reveal`: with the reference result."""
    known = _comparable(experiment, params) if reveal else None
    figures = []
    specs = experiment.charts_of(params)
    for number, spec in enumerate(specs):
        ghost = prediction.ghost(experiment, params) if number == 0 else None
        figure = lab.chart(spec, result, known.result if known else None, ghost)
        if figure["data"]:
            figures.append((spec, figure))
    columns: Sequence[Any] = ()
    for number, (spec, figure) in enumerate(figures):
        if number % 2 == 1:
            columns = st.columns(2)
        with columns[(number - 1) % 2] if number else st.container():
            st.markdown(f"**{spec.label}**")
            testid = f"aeviz-lab-{specs.index(spec)}"
            chart(figure, testid, f"{spec.label} over {spec.x_label or spec.x}")
            if spec.note:
                st.caption(spec.note)
    if result is not None:
        own_figures.show(result)


def verdict(experiment: Experiment, result: Result, status: jobs.Status) -> None:
    """The computed sentence, the student's pick, and the verdict on the reference result."""
    judged = experiment.verdict(result)
    _show_verdict(judged, OUTCOMES[judged.outcome] if result.complete else "No verdict yet")
    if status.message and status.phase != "done":
        st.warning(status.message)
    if picked := prediction.picked(experiment):
        st.caption(f"You expected: {picked}.")
    if other := _other_question(experiment, result):
        st.caption(other)
    known = _comparable(experiment, result.parameters)
    if known is not None:
        theirs = experiment.verdict(known.result)
        same = theirs.outcome == judged.outcome
        st.caption(
            f"The reference result, on {_data(known)}: {OUTCOMES[theirs.outcome].lower()}. "
            f"{theirs.sentence}" + ("" if same else _differences(experiment, result, known))
        )


def _differences(experiment: Experiment, result: Result, known: Reference) -> str:
    """The settings in which a result with another verdict differs from the reference."""
    mine, theirs = (parameters.plain(one.parameters) for one in (result, known.result))
    names = [name for name in theirs if mine[name] != theirs[name]]
    if not names:
        return (
            " The settings are the same, so the computer or the version of the software makes the "
            "difference."
        )
    return (
        " Your settings differ from the reference's, and so does your verdict. The reference has: "
        f"{_theirs(experiment, result, known, names)}."
    )


def _theirs(experiment: Experiment, result: Result, known: Reference, names: Sequence[str]) -> str:
    """The reference's values of some settings, and those of this result."""
    mine, theirs = (parameters.plain(one.parameters) for one in (result, known.result))
    about = parameters.about(experiment.parameters)
    return "; ".join(
        f"{about[name].label} {parameters.as_text(theirs[name])} "
        f"(here {parameters.as_text(mine[name])})"
        for name in names
    )


def _comparable(experiment: Experiment, params: Any) -> Reference | None:
    """The reference result, if it is about the same question."""
    known = document.reference(experiment)
    if known is None or experiment.incomparable(params, known.result.parameters):
        return None
    return known


def _other_question(experiment: Experiment, result: Result) -> str:
    """Why the reference result is not shown, or "" if it is, or if there is none."""
    known = document.reference(experiment)
    if known is None:
        return ""
    names = experiment.incomparable(result.parameters, known.result.parameters)
    if not names:
        return ""
    return (
        "The reference result is about another question, so it is not shown: it has "
        f"{_theirs(experiment, result, known, names)}."
    )


def _data(known: Reference) -> str:
    return re.split("[:;,] ", dict(known.protocol).get("Data", "the reference data"))[0]


def _show_verdict(judged: Verdict, title: str) -> None:
    st.html(
        f'<div class="av-lab-verdict" data-outcome="{judged.outcome}" data-testid="aeviz-verdict">'
        f"<strong>{title}</strong>"
        f"<span>{escape(judged.sentence)}</span></div>"
    )


def pictures(job: Job, experiment: Experiment, result: Result) -> None:
    """The pictures of a result by group, in the order of their numbers: strips below each other,
    square pictures side by side. Of a series some, and all on a slider. A picture of a task whose
    network is stored is a link to it."""
    if not result.pictures:
        return
    st.markdown("**Pictures**")
    stored = networks.of(job)
    if any(_task(name) in stored for name in result.pictures):
        st.caption("Click a network's picture to open the network in Explore.")
    if experiment.series is not None:
        _series(job, experiment.series, result, stored)
        return
    _gallery(job, _arranged(result.pictures), stored)


def _arranged(pictures: Mapping[str, Picture]) -> list[tuple[str, Picture]]:
    """By group, and in it by the numbers of the captions. Groups that differ in their numbers only
    are beside each other, too."""
    groups = networks.in_order([*dict.fromkeys(one.group for one in pictures.values())])
    return sorted(
        pictures.items(),
        key=lambda item: (groups.index(item[1].group), numbers_in(item[1].caption)),
    )


def _task(name: str) -> str:
    """The key of the task that made the picture "TASK/NAME"."""
    return name.partition("/")[0]


def _series(job: Job, series: Series, result: Result, stored: Networks) -> None:
    found = {
        label: [one for one in result.pictures.items() if one[0].startswith(f"{task}/")]
        for label, task in series.tasks(result.parameters).items()
    }
    found = {label: some for label, some in found.items() if some}
    beside = [label for label in series.beside(result.parameters) if label in found]
    _gallery(job, [one for label in beside for one in found[label]], stored)
    if len(found) > len(beside):
        st.fragment(_slider)(job, series.label, found, beside, stored)


def _slider(
    job: Job,
    label: str,
    found: dict[str, list[tuple[str, Picture]]],
    beside: Sequence[str],
    stored: Networks,
) -> None:
    middle = beside[len(beside) // 2] if beside else next(iter(found))
    chosen = st.select_slider(label, [*found], middle, key=f"lab-series-{job.id}", width=470)
    some = [(name, replace(picture, group="")) for name, picture in found[chosen]]
    _gallery(job, some, stored)


def _gallery(job: Job, pictures: Sequence[tuple[str, Picture]], stored: Networks) -> None:
    groups: dict[str, list[tuple[str, bool]]] = {}
    for name, picture in pictures[:MAX_PICTURES]:
        png = job.picture(name)
        if png is None:
            continue
        data = base64.b64encode(png).decode()
        caption = escape(picture.caption)
        image = f'<img alt="{caption}" src="data:image/png;base64,{data}">'
        image = networks.around(image, picture.caption, stored.get(_task(name)))
        label = escape(_without(picture.group, picture.caption))
        figure = f"<figure><figcaption>{label}</figcaption>{image}</figure>"
        groups.setdefault(picture.group, []).append((figure, _is_square(png)))
    parts = []
    for group, some in groups.items():
        figures = "".join(figure for figure, _ in some)
        if all(square for _, square in some):
            figures = f'<div class="av-lab-row">{figures}</div>'
        parts.append((f"<h4>{escape(group)}</h4>" if group else "") + figures)
    st.html(f'<div class="av-lab-pictures">{"".join(parts)}</div>')


def _without(group: str, caption: str) -> str:
    """A caption without the name of its group, which stands above."""
    return caption.removeprefix(f"{group}, ").removesuffix(f", {group}")


def _is_square(png: bytes) -> bool:
    """Whether the sides in the header of a PNG file differ by less than a third."""
    width, height = struct.unpack(">II", png[16:24])
    return bool(0.75 < width / max(height, 1) < 1.34)


def details(job: Job, experiment: Experiment, result: Result, seconds: float) -> None:
    """The rows as a table, the protocol card, and links: to train an arm on the Train page, and to
    the stored networks if the part for an own image does not have them."""
    with st.expander("All numbers"):
        columns = list(experiment.table) or None
        rows = [{name: row[name] for name in columns or row if name in row} for row in result.rows]
        st.dataframe([row for row in rows if len(row) > 1], hide_index=True)
    with st.expander("Protocol: how it was measured"):
        st.html(_card(document.protocol(experiment, result.parameters), seconds))
        known = _comparable(experiment, result.parameters)
        if known is not None:
            st.markdown("**Reference result**")
            st.html(_card(known.protocol, known.seconds, known.device))
    _doors(experiment, result)
    if experiment.query is None and (stored := networks.of(job)):
        networks.links(stored.values())


def _card(lines: Sequence[tuple[str, str]], seconds: float, device: str = "") -> str:
    shown = [*lines, ("Time", f"{seconds:.0f} s of work")]
    if device:
        shown.append(("Computed on", device))
    rows = "".join(f"<tr><th>{escape(what)}</th><td>{escape(how)}</td></tr>" for what, how in shown)
    return f'<table class="av-lab-protocol">{rows}</table>'


def _doors(experiment: Experiment, result: Result) -> None:
    """Links to the Train page with the settings of an arm filled in."""
    links: dict[str, dict[str, str]] = {}
    for row in result.rows:
        config = experiment.recipe(result.parameters, row)
        if config is not None:
            links[str(row["arm"])] = config_link.query(config)
    links = _by_network(links)
    if not links:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Train one of these yourself:", width="content")
        for arm in networks.in_order([*links]):
            st.page_link("train.py", label=arm, query_params=links[arm], width="content")


def _by_network(links: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """One link for "AE + k-means" and "AE + HDBSCAN", named "AE", if their settings are the same:
    what follows the plus does not belong to the network."""
    found: dict[str, dict[str, str]] = {}
    for arm, query in links.items():
        network = arm.split(" + ")[0]
        alike = [links[other] for other in links if other.split(" + ")[0] == network]
        found[network if all(one == query for one in alike) else arm] = query
    return found


def styles() -> None:
    st.html(WEB / "styles" / "lab_page.css")
