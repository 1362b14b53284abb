"""The dialog in which a person makes a data set of their own images: upload, choices, preview."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from aeviz.dataset_import import names, spool, upload_format
from aeviz.dataset_import.build import LeftOut, Recipe, build, contents
from aeviz.dataset_import.names import Labels
from aeviz.dataset_import.preview import Look, look
from aeviz.datasets import custom
from aeviz.errors import UserError
from aeviz.images.fitting import Fit
from aeviz.io.paths import WEB
from aeviz.server.dataset_uploads.jobs import ImportJob
from aeviz.ui.reconstruct import own_pictures
from aeviz.ui.shared import person, problems
from aeviz.ui.shared.component import css
from aeviz.ui.shared.markup import markup
from aeviz.ui.train import own_data_sets
from aeviz.wording import plural

EVERY_SECONDS = 0.5
SIDES = (16, 28, 32, 48, 64, 96, 128)
FITS: dict[Fit, str] = {"cover": "Crop", "contain": "Pad", "stretch": "Stretch"}
LABELS: dict[Labels, str] = {
    "folder": "The folder that holds the image",
    "top": "The outermost folder",
    "none": "No classes",
}
_KEY = "own-images"


@dataclass
class Visit:
    """How far a person is: `upload` has arrived, a `job` works on it, `seen` is its preview.

    `drops` counts the uploads: each drop zone gets a new key, so that it is empty.
    """

    open: bool = False
    upload: str | None = None
    looking: ImportJob[Look] | None = None
    seen: Look | None = None
    making: ImportJob[tuple[str, LeftOut]] | None = None
    problem: UserError | None = None
    drops: int = 0

    @property
    def job(self) -> ImportJob[Any] | None:
        return self.looking or self.making


def visit() -> Visit:
    return st.session_state.setdefault(_KEY, Visit())


def settle() -> None:
    """Takes the results of finished jobs, and chooses a new data set at once. Call it before the
    data sets are listed."""
    at = visit()
    with _problems(at):
        if at.looking and at.looking.is_over:
            job, at.looking = at.looking, None
            at.seen = job.result()
        if at.making and at.making.is_over:
            making, at.making = at.making, None
            made = making.result()
            if made is not None:
                spool.forget(at.upload)
                st.session_state[_KEY] = Visit()
                st.session_state[own_data_sets.CHOOSE] = made[0]
                st.session_state[own_data_sets.NEW] = made[0]
    chosen = st.session_state.pop(own_data_sets.CHOOSE, None)
    if chosen is not None:
        st.session_state["train-dataset"] = chosen


@contextlib.contextmanager
def _problems(at: Visit) -> Any:
    try:
        yield
    except UserError as error:
        at.problem = error


def button() -> None:
    """The button that opens the dialog."""
    st.button(
        "My own images",
        icon=":material/add_photo_alternate:",
        type="tertiary",
        key="own-images-open",
        on_click=_open,
        help="Make a data set from images, folders of images, or a zip.",
    )


def _open() -> None:
    visit().open = True


def _close() -> None:
    visit().open = False


def panel() -> None:
    """The dialog, while it is open. Jobs continue after it is closed."""
    if visit().open:
        st.dialog("My own images", width="large", on_dismiss=_close)(_inside)()


def _inside() -> None:
    at = visit()
    if at.problem:
        problems.show(at.problem)
    if at.job is not None:
        st.fragment(_progress, run_every=EVERY_SECONDS)()
    elif at.seen is None:
        _ask(at)
    else:
        _choices(at, at.seen)


def _ask(at: Visit) -> None:
    """The drop zone."""
    key = f"own-images-drop-{at.drops}"

    def arrived() -> None:
        received(getattr(st.session_state.get(key), "sent", None))

    component = st.components.v2.component(
        "aeviz_own_upload",
        css=css("styles/frames.css", "styles/own_images.css"),
        js=(WEB / "own_upload.js").read_text(),
        isolate_styles=False,
    )
    component(key=key, on_sent_change=arrived)


def received(upload: object) -> None:
    """Starts to read an upload. Its id comes from the browser and is checked here."""
    at = visit()
    at.problem = None
    with _problems(at):
        path = spool.find(upload)
        at.upload, at.drops = str(upload), at.drops + 1
        at.looking = ImportJob(partial(look, path))


def _progress() -> None:
    at = visit()
    job = at.job
    if job is None or job.is_over:
        st.rerun()
    left, right = st.columns([6, 1], vertical_alignment="bottom", gap="medium")
    left.progress(min(job.share, 1.0), text=job.text)
    if right.button("Cancel", key="own-images-cancel", width="stretch"):
        job.cancel()
        at.looking = at.making = None
        st.rerun()


def _choices(at: Visit, seen: Look) -> None:
    """How the images become a data set, and a preview of them as the network will see them."""
    title = st.text_input(
        "Name",
        _title(seen),
        max_chars=custom.LONGEST_TITLE,
        key="own-images-title",
        help="The name of the data set in lists.",
    )
    size_at, colour_at = st.columns([3, 2], gap="medium")
    fit_at, labels_at = st.columns([3, 2], gap="medium")
    side = size_at.select_slider(
        "Side",
        SIDES,
        32,
        format_func=lambda n: f"{n} px",
        key="own-images-side",
        help="Each image becomes a square of this size. Large images train more slowly.",
    )
    colour = colour_at.segmented_control(
        "Colours",
        ["Colour", "Grey"],
        default="Colour",
        required=True,
        key="own-images-colour",
        help="A grey image has a third of the numbers, so the network has less to learn.",
    )
    fit = fit_at.segmented_control(
        "To a square",
        list(FITS),
        format_func=FITS.__getitem__,
        default="cover",
        required=True,
        key="own-images-fit",
        help="Crop cuts off the longer sides. Pad adds a border. Stretch changes the proportions.",
    )
    labels = labels_at.selectbox(
        "Classes",
        list(LABELS),
        format_func=LABELS.__getitem__,
        key="own-images-labels",
        help="Only for colours and names on maps. An autoencoder learns without classes.",
    )
    stretch = not seen.note or st.toggle(
        "Stretch the brightness",
        True,
        key="own-images-stretch",
        help="These images use a small part of the possible values, so they would be nearly black. "
        "This makes all of them brighter by the same factor.",
    )
    wrong: UserError | None = None
    recipe = None
    try:
        recipe = Recipe(title, side, colour == "Colour", fit, labels, stretch)
        custom.check_count(seen.total)
    except UserError as error:
        wrong = error
    if recipe is not None:
        _preview(seen, recipe)
    if wrong:
        problems.show(wrong)
    with st.container(horizontal=True):
        st.button(
            "Make the data set",
            type="primary",
            icon=":material/check:",
            disabled=wrong is not None,
            key="own-images-make",
            on_click=lambda: _make(at, recipe),
        )
        st.button("Other images", key="own-images-other", on_click=_again)


def _title(seen: Look) -> str:
    """The first folder of all paths if they share one: the name of the zip or folder."""
    tops = {(names.parts(path) or [""])[0] for path in seen.paths}
    only = names.class_name(tops.pop()) if len(tops) == 1 else names.UNNAMED
    return "My images" if only == names.UNNAMED else only


def _preview(seen: Look, recipe: Recipe) -> None:
    counts = seen.counts[recipe.labels]
    facts = plural(seen.total, "file")
    if recipe.labels != "none":
        facts += f" in {len(counts):,} class{'es' * (len(counts) != 1)}"
    if seen.total > recipe.max_images:
        facts += f". At this size, {recipe.max_images:,} of them can be used"
    st.markdown(f"**What the network will see** · {facts}")
    if seen.note and recipe.stretch:
        st.caption(f"{seen.note} The whole set may use a few more values than these samples.")
    html = own_pictures.rows(seen.preview(recipe, own_pictures.EACH), counts, "file")
    markup(html, "aeviz-own-preview")
    if len(seen.left_out):
        with st.expander(f"Left out so far: {len(seen.left_out):,}"):
            out = seen.left_out
            markup(own_pictures.left_out(out.listed, out.reasons), "aeviz-own-left-out")


def _again() -> None:
    at = visit()
    spool.forget(at.upload)
    st.session_state[_KEY] = Visit(open=True, drops=at.drops + 1)


def _make(at: Visit, recipe: Recipe | None) -> None:
    if recipe is None or at.making is not None:
        return
    at.problem = None
    with _problems(at):
        at.making = ImportJob(partial(_build, spool.find(at.upload), recipe, person.me().owner))


def _build(
    path: Path,
    recipe: Recipe,
    owner: str,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> tuple[str, LeftOut] | None:
    with upload_format.opened(path) as items:
        return build(contents(items), recipe, progress, cancelled, owner)
