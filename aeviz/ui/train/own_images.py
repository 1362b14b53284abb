"""A person's own images on the Train page: sent, looked at, made a data set, and shown."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from aeviz import datasets
from aeviz.dataset_import import names, spool, upload_format
from aeviz.dataset_import.build import LeftOut, Recipe, build, contents
from aeviz.dataset_import.names import Labels
from aeviz.dataset_import.preview import Look, look
from aeviz.datasets import Source, custom
from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.identity import Person
from aeviz.images.fitting import Fit
from aeviz.io.paths import WEB
from aeviz.runs import dataset_usage
from aeviz.server.dataset_uploads.jobs import ImportJob
from aeviz.ui.reconstruct import own_pictures
from aeviz.ui.shared import person
from aeviz.ui.shared.component import css
from aeviz.ui.shared.markup import markup, problem

EVERY_SECONDS = 0.5
SIDES = (16, 28, 32, 48, 64, 96, 128)
FITS: dict[Fit, str] = {"cover": "Crop", "contain": "Pad", "stretch": "Stretch"}
LABELS: dict[Labels, str] = {
    "folder": "The folder an image lies in",
    "top": "The outermost folder",
    "none": "No classes",
}
_KEY, _MADE, _NEW = "own-images", "own-images-made", "own-images-new"


@dataclass
class Visit:
    """Where a person is: `upload` has arrived, a `job` works on it, `seen` is what a look found."""

    open: bool = False
    upload: str | None = None
    looking: ImportJob[Look] | None = None
    seen: Look | None = None
    making: ImportJob[tuple[str, LeftOut]] | None = None
    problem: str = ""
    drops: int = 0

    @property
    def job(self) -> ImportJob[Any] | None:
        return self.looking or self.making


def visit() -> Visit:
    return st.session_state.setdefault(_KEY, Visit())


def settle() -> None:
    """Takes in what has become of the work; before the data sets are listed. A new data set is
    chosen at once."""
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
                st.session_state[_MADE] = st.session_state[_NEW] = made[0]
    chosen = st.session_state.pop(_MADE, None)
    if chosen is not None:
        st.session_state["train-dataset"] = chosen


@contextlib.contextmanager
def _problems(at: Visit) -> Any:
    try:
        yield
    except UserError as error:
        at.problem = str(error)


def button() -> None:
    """The way in, beneath the list of data sets."""
    st.button(
        "My own images",
        icon=":material/add_photo_alternate:",
        type="tertiary",
        key="own-images-open",
        on_click=_open,
        help="Make a data set of a zip, of images or of folders of them.",
    )


def _open() -> None:
    visit().open = True


def _close() -> None:
    visit().open = False


def panel() -> None:
    """The dialog, while it is open; work goes on when it is closed."""
    if visit().open:
        st.dialog("My own images", width="large", on_dismiss=_close)(_inside)()


def _inside() -> None:
    at = visit()
    if at.problem:
        problem(at.problem)
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
    """Starts to look into an upload, whose id the browser says."""
    at = visit()
    at.problem = ""
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
    """How the images become a data set, and what the network will see of them."""
    title = st.text_input(
        "Name",
        _title(seen),
        max_chars=custom.LONGEST_TITLE,
        key="own-images-title",
        help="What the data set is called in lists.",
    )
    size_at, colour_at = st.columns([3, 2], gap="medium")
    fit_at, labels_at = st.columns([3, 2], gap="medium")
    side = size_at.select_slider(
        "Side",
        SIDES,
        32,
        format_func=lambda n: f"{n} px",
        key="own-images-side",
        help="Each image becomes a square of so many pixels. Larger ones train slower.",
    )
    colour = colour_at.segmented_control(
        "Colours",
        ["Colour", "Grey"],
        default="Colour",
        required=True,
        key="own-images-colour",
        help="Grey is three times less to learn.",
    )
    fit = fit_at.segmented_control(
        "To a square",
        list(FITS),
        format_func=FITS.__getitem__,
        default="cover",
        required=True,
        key="own-images-fit",
        help="Crop cuts off what stands over, Pad adds a border, Stretch changes proportions.",
    )
    labels = labels_at.selectbox(
        "Classes",
        list(LABELS),
        format_func=LABELS.__getitem__,
        key="own-images-labels",
        help="Only for colours and names on maps: an autoencoder learns without them.",
    )
    stretch = not seen.note or st.toggle(
        "Stretch the brightness",
        True,
        key="own-images-stretch",
        help="These images use a small part of the values that their files can hold, and would be "
        "nearly black. All of them are stretched alike.",
    )
    wrong, recipe = "", None
    try:
        recipe = Recipe(title, side, colour == "Colour", fit, labels, stretch)
        custom.check_count(seen.total)
    except UserError as error:
        wrong = str(error)
    if recipe is not None:
        _preview(seen, recipe)
    if wrong:
        problem(wrong)
    with st.container(horizontal=True):
        st.button(
            "Make the data set",
            type="primary",
            icon=":material/check:",
            disabled=bool(wrong),
            key="own-images-make",
            on_click=lambda: _make(at, recipe),
        )
        st.button("Other images", key="own-images-other", on_click=_again)


def _title(seen: Look) -> str:
    """What they have in common at the top of their paths: a zip's or a folder's name."""
    tops = {(names.parts(path) or [""])[0] for path in seen.paths}
    only = names.class_name(tops.pop()) if len(tops) == 1 else names.UNNAMED
    return "My images" if only == names.UNNAMED else only


def _preview(seen: Look, recipe: Recipe) -> None:
    counts = seen.counts[recipe.labels]
    said = f"{seen.total:,} file{'s' * (seen.total != 1)}"
    if recipe.labels != "none":
        said += f" in {len(counts):,} class{'es' * (len(counts) != 1)}"
    if seen.total > recipe.most:
        said += f", of which {recipe.most:,} can be used at this size"
    st.markdown(f"**What the network will see** · {said}")
    if seen.note and recipe.stretch:
        st.caption(f"{seen.note} The whole set may use a few values more than these samples.")
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
    at.problem = ""
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


# ---- one that is there ---------------------------------------------------------------------------


def about(source: Source) -> None:
    """What is in a data set of somebody's own images, what was left out of it, and its end."""
    new = st.session_state.get(_NEW) == source.name
    try:
        said = custom.description(source.name)
    except UserError as error:
        problem(error)
        return
    missing = sum(said.reasons.values())
    label = "Its images" + (f" · {missing:,} left out" if missing else "")
    with st.expander(label, expanded=new, icon=":material/photo_library:"):
        try:
            markup(_examples(source.name, said.created), "aeviz-own-images")
        except UserError as error:
            problem(error)
        notes = "".join(
            f" {count:,} images: {in_markdown(note, None)}" for note, count in said.notes.items()
        )
        st.caption(
            f"Each image is {in_markdown(said.fit, None)}. "
            f"A tenth is kept to validate, a tenth to test.{notes}"
        )
        if missing:
            st.markdown("**Left out**")
            markup(own_pictures.left_out(said.left_out, said.reasons), "aeviz-own-left-out")
        _remove(source, person.me())


def _remove(source: Source, me: Person) -> None:
    """The end of a data set, for whom it belongs to; for others, whose it is."""
    owner = custom.owner(source.name)
    if not me.may_manage(owner):
        whose = in_markdown(person.whose(owner, me))
        st.caption(f":material/person: Made by {whose}, who alone can remove it, or the teacher.")
        return
    with st.popover("Remove", icon=":material/delete:", type="tertiary"):
        st.markdown("It is removed for everybody. Models trained on it stay.")
        if st.button("Remove these images", key=f"own-images-remove-{source.name}"):
            try:
                dataset_usage.remove(source.name, me)
            except UserError as error:
                problem(error)
            else:
                st.session_state[_MADE] = datasets.DEFAULT
                st.rerun()


@st.cache_data(max_entries=40, show_spinner="Reading the images")
def _examples(name: str, created: float) -> str:
    del created  # part of the key only
    said = custom.description(name)
    shown = custom.examples(name, own_pictures.EACH)
    images = dict(zip(said.class_names, map(list, shown), strict=True))
    counts = dict(zip(said.class_names, said.counts, strict=True))
    return own_pictures.rows(images, counts, "image")
