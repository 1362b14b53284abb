"""A person's own image after the run: chosen, uploaded or drawn, and what the networks of the
result say about it."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.experiments.base import Experiment, Result, Task
from aeviz.experiments.jobs import Job
from aeviz.experiments.query import Answer, Respond, Shelf
from aeviz.experiments.stored import read_corpus
from aeviz.figures import lab
from aeviz.ui.lab import networks
from aeviz.ui.reconstruct import frames, sources
from aeviz.ui.reconstruct.frames import Stack
from aeviz.ui.reconstruct.sources import Item
from aeviz.ui.restore import photos
from aeviz.ui.shared import problems
from aeviz.ui.shared.chart import chart
from aeviz.ui.shared.markup import markup
from aeviz.ui.shared.opened import Opened, open_model

PAGE = "lab-own-image"
WRONG = ' class="av-wrong"'


def show(job: Job, result: Result) -> None:
    """The part of the page, if the experiment has one. A change in it reruns this part only."""
    experiment, _ = job.experiment()
    if experiment.query is not None:
        st.subheader("Try your own image", anchor=False)
        st.fragment(_part)(job, experiment, result)


def _part(job: Job, experiment: Experiment, result: Result) -> None:
    query = experiment.query
    assert query is not None
    tasks = {task.key: task for task in experiment.tasks(result.parameters)}
    kept = {info.name: (tasks[key], info) for key, info in networks.of(job).items()}
    if not kept:
        st.caption("This result keeps no network, so there is nothing to try an image with.")
        return
    st.markdown(query.text)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = next(iter(kept))
        if len(kept) > 1:
            name = st.selectbox(
                query.choose, list(kept), key=f"{PAGE}-network-{job.id}", width=220,
                format_func=lambda name: kept[name][1].display_name,
            )  # fmt: skip
        task, info = kept[name]
        source = st.segmented_control(
            "Images", ["Test images", "Other kinds", "Upload", "Draw"], default="Test images",
            required=True, key=f"{PAGE}-source",
            help="Test images, images of a kind that the network never saw, or your own.",
        )  # fmt: skip
        opened = open_model(info)
        items = sources.test_images(opened, PAGE) if source == "Test images" else []
    if source == "Upload":
        items = sources.uploads("Drop images here", info.image_shape, opened.style)
    elif source == "Other kinds":
        items = sources.other_kinds(info)
    elif source == "Draw":
        items = sources.drawing(info)
    if not items:
        return
    item = sources.anywhere(opened, items, PAGE)
    if len(items) > 1:
        columns = [Stack([one.x], one.name) for one in items]
        sources.pick(items, columns, ("",), item, PAGE)
    if item.photo is not None:
        with st.container(width=320):
            photos.editor(item.photo)
    if item.notes:
        st.info(" ".join(item.notes), icon=":material/crop:")
    try:
        respond = _prepared(experiment, result, task, opened, info.name, opened.version)
        _answer(respond(item.x, _class_of(item)), result)
    except UserError as error:
        problems.show(error)
    st.page_link(
        "explore.py", label="Open this network in Explore", icon=":material/explore:",
        query_params={"model": info.name},
    )  # fmt: skip


def _class_of(item: Item) -> str:
    return item.name if item.key.startswith("test-") else ""


@st.cache_resource(max_entries=4, show_spinner="Opening the network")
def _prepared(
    _experiment: Any, _result: Result, _task: Task, _opened: Opened, name: str, version: int
) -> Respond:
    """Cached by the network's name and the version of its file."""
    del name, version
    corpus = read_corpus(_opened.info.path.parent / "corpus.safetensors")
    respond: Respond = _experiment.query.prepare(_result, _task, _opened.loaded, corpus)
    return respond


def _answer(answer: Answer, result: Result) -> None:
    """The sentence and the images; the chart, if there is one, beside them."""
    figure = None if answer.chart is None else lab.chart(answer.chart, result)
    if answer.chart is None or figure is None or not figure["data"]:
        _images(answer)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _images(answer)
    with right:
        st.markdown(f"**{in_markdown(answer.chart.label)}**")
        chart(figure, "aeviz-lab-own-image", answer.chart.label)


def _images(answer: Answer) -> None:
    sentence = f"<span>{escape(answer.sentence)}</span>"
    if answer.headline:
        sentence = f"<strong>{escape(answer.headline)}</strong>{sentence}"
    shelves = "".join(map(_shelf, answer.shelves))
    markup(
        f'<p class="av-answer">{sentence}</p><div class="av-shelves">{shelves}</div>',
        "aeviz-lab-answer",
    )
    if answer.note:
        st.caption(answer.note)


def _shelf(shelf: Shelf) -> str:
    detail = f'<span class="av-quiet">{escape(shelf.detail)}</span>' if shelf.detail else ""
    cells = "".join(
        f"<figure{WRONG * (place in shelf.wrong)}>{frames.picture(image, label)}"
        f"<figcaption>{escape(label)}</figcaption></figure>"
        for place, (image, label) in enumerate(zip(shelf.images, shelf.labels, strict=True))
    )
    if not shelf.title:
        return f'<div class="av-shelf av-large">{cells}</div>'
    return (
        f'<div class="av-shelf-title"><b>{escape(shelf.title)}</b>{detail}</div>'
        f'<div class="av-shelf">{cells}</div>'
    )
