"""The Runs page: a table of my runs or the class's, actions on them, and their curves."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aeviz import identity
from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.figures import runs
from aeviz.figures.runs import Line
from aeviz.identity import Person
from aeviz.presets.autoencoders import data_of
from aeviz.runs import listing
from aeviz.runs.listing import Row
from aeviz.teacher import TEACHERS
from aeviz.ui.runs import actions, sweeps, table, uploaded
from aeviz.ui.shared import person, problems
from aeviz.ui.shared.chart import chart
from aeviz.ui.train.losses import UNITS

EVERY_SECONDS = 3.0
MAX_ROWS = 200
"""Rows in the table. A filter finds the others."""

SCOPES = {"mine": "Mine", "class": "The class's"}
TERMS = {
    "mse": "MSE per pixel",
    "loss": "Loss",
    "recon": "Reconstruction",
    "kl": "KL",
    "penalty": "Penalty",
}
HINT = (
    "Tick runs to compare their curves. You can also rename, continue, duplicate, download or "
    "delete them."
)


def panel() -> None:
    """The whole page. It refreshes itself.

    Use only links to leave it: after `st.switch_page` the server may still send a refresh that the
    browser had asked for, as part of this page, and the other page goes blank.
    """
    st.session_state.pop("train-link", None)  # a link from here fills in its settings every time
    with st.container(key="aeviz-runs-panel"):
        st.fragment(_panel, run_every=EVERY_SECONDS)()


def _panel() -> None:
    me = person.me()
    scope, text = _which(me)
    found = [row for row in listing.rows() if scope == "class" or me.owns(row.owner)]
    shown = listing.filter_rows(found, text, lambda row: table.words(row, me))
    rows = _ordered(shown)[:MAX_ROWS]
    empty = "" if rows else _nothing(scope, text if found else "")
    table.table(rows, me, scope == "mine", empty)
    if not found:
        st.page_link("train.py", label="Train a model", icon=":material/model_training:")
    if len(shown) > len(rows):
        st.caption(f"{MAX_ROWS} of {len(shown)} runs are shown. Use the filter to see the others.")
    _chosen(rows, me)
    sweeps.section(shown)
    uploaded.section(me, scope == "mine", text)


def _chosen(rows: Sequence[Row], me: Person) -> None:
    """Buttons for the ticked runs, and their curves."""
    actions.refused()
    if not rows:
        return
    by_id = {row.id: row for row in rows}
    chosen = [by_id[id] for id in table.chosen_of(set(by_id))]
    if not chosen:
        st.caption(HINT)
        return
    actions.bar(chosen, me)
    _curves(chosen[: runs.MOST])


def _which(me: Person) -> tuple[str, str]:
    """Whose runs are shown, and the filter."""
    with st.container(horizontal=True, vertical_alignment="center"):
        scope = st.segmented_control(
            "Whose runs",
            list(SCOPES),
            default=st.session_state.get("runs-scope-kept", "mine"),
            format_func=SCOPES.__getitem__,
            required=True,
            key="runs-scope",
            label_visibility="collapsed",
        )
        st.session_state["runs-scope-kept"] = scope
        text = st.text_input(
            "Filter",
            key="runs-filter",
            placeholder="Filter: vae mnist AdamW done",
            help="Shows the runs with all of these words in their name, owner, status, data set, "
            "type or settings.",
            label_visibility="collapsed",
            icon=":material/search:",
            width=300,
        )
        if me.owner:
            _name(me)
        if not me.local:
            _teach(me)
    return scope or "mine", text or ""


def _name(me: Person) -> None:
    """A form for my name in the class's list."""
    name = identity.name_of(me.owner)
    label = f"You are {in_markdown(name)}" if name else "Set your name"
    with st.popover(label, icon=":material/person:", type="tertiary"):
        new_name = st.text_input(
            "Your name in the class's list",
            name,
            max_chars=identity.LONGEST_NAME,
            key="runs-me",
            help="Shown beside your runs. Leave it empty to remove your name.",
        )
        if st.button("Save", key="runs-me-save"):
            try:
                identity.give_name(me.owner, new_name)
            except UserError as error:
                problems.show(error)
            else:
                st.rerun()


def _teach(me: Person) -> None:
    """A form for the teacher's code. An error stays until the next attempt, because the page
    refreshes itself."""
    if me.code:
        st.markdown(":material/school: You teach this class", width="content")
        return
    with st.popover("I teach this class", icon=":material/school:", type="tertiary"):
        code = st.text_input(
            "Teacher's code",
            max_chars=20,
            key="runs-code",
            help="The server prints this code when it starts. With it you can stop, move up and "
            "delete everybody's runs.",
        )
        if st.button("Enter", key="runs-code-enter"):
            st.session_state.pop("runs-code-wrong", None)
            try:
                TEACHERS.admit(me.owner, code)
            except UserError as error:
                st.session_state["runs-code-wrong"] = error
            else:
                st.rerun()
        if wrong := st.session_state.get("runs-code-wrong"):
            problems.show(wrong)


def _ordered(rows: Sequence[Row]) -> list[Row]:
    by, falling = table.sorting()
    return listing.sort_rows(rows, by, falling)


def _nothing(scope: str, text: str) -> str:
    if text:
        return f"No run matches “{text}”."
    if scope == "mine":
        return "You have trained nothing here yet."
    return "Nobody has trained anything here yet."


def _curves(rows: Sequence[Row]) -> None:
    """Their validation curves in one chart."""
    names = table.labels(rows)
    lines = [Line(name, row.measured) for name, row in zip(names, rows, strict=True)]
    terms = runs.terms(lines)
    if not terms:
        st.caption("The curve starts after the first epoch.")
        return
    term = terms[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Validation curves**", width="content")
        if len(terms) > 1:
            choice = st.segmented_control(
                "Term of the loss",
                terms,
                default=term,
                format_func=TERMS.__getitem__,
                required=True,
                key="runs-term",
                label_visibility="collapsed",
            )
            term = choice if choice in terms else term
    units = list(dict.fromkeys(unit_of(row, term) for row in rows))
    figure = runs.overlay(lines, term, units[0] if len(units) == 1 else "")
    chart(figure, "aeviz-curves-over", f"{TERMS[term]} on validation images: {', '.join(names)}")
    caution = why_not_comparable(rows, term)
    if caution:
        st.caption(in_markdown(caution, None))


def unit_of(row: Row, term: str) -> str:
    """The unit of a term of this run's loss."""
    if term == "mse":
        return "mean squared error per pixel"
    if term == "kl":
        return "nats per image"
    return "penalty per image" if term == "penalty" else UNITS[row.config.loss.reconstruction]


def why_not_comparable(rows: Sequence[Row], term: str) -> str:
    """Why the heights of these curves cannot be compared; "" if they can."""
    units = list(dict.fromkeys(unit_of(row, term) for row in rows))
    data = list(dict.fromkeys(data_of(row.config) for row in rows))
    betas = {row.config.loss.beta for row in rows if row.config.bottleneck.kind == "gaussian"}
    reasons = []
    if len(data) > 1:
        reasons.append(f"they learnt from different data ({', '.join(data)})")
    if len(units) > 1:
        reasons.append(f"they have different units ({'; '.join(units)})")
    if term == "loss" and len(betas) > 1:
        reasons.append("they weight the KL differently (different beta)")
    if not reasons:
        return ""
    return f"Compare only the shapes of these curves, because {' and '.join(reasons)}."
