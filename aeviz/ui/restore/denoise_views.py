"""The two views of the Restore page and the parts of the small one, kept in the address."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aeviz.models import library

PHOTOS, SMALL = "photos", "small"
VIEWS = {PHOTOS: "Photographs", SMALL: "Digits and clothes"}
PARTS = {
    "try": "Try it",
    "limits": "When it gives up",
    "kinds": "Other kinds of image",
    "why": "Why it works",
}
_VIEW, _PART = "restore-view", "restore-part"


def choose_view() -> str:
    """Photographs, or small images: what the address asks for, until a person chooses."""
    st.session_state.setdefault(_VIEW, _asked_view())
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        st.title("Clean up a picture", anchor=False, width="content")
        view = st.segmented_control(
            "What to clean", list(VIEWS), format_func=VIEWS.__getitem__, required=True, key=_VIEW,
            label_visibility="collapsed", on_change=_turn,
        )  # fmt: skip
    return view or PHOTOS


def _asked_view() -> str:
    """A link that names a model of small images, or one that is gone, means the small view."""
    asked = st.query_params.get("view")
    if asked in VIEWS:
        return asked
    name = st.query_params.get("model")
    photos = {info.name for info in library.restorers()}
    return PHOTOS if name is None or name in photos else SMALL


def _turn() -> None:
    """The other view: what the address said of this one means nothing to it."""
    st.query_params.from_dict({"view": st.session_state[_VIEW]})


def parts() -> dict[str, DeltaGenerator]:
    """The parts of the small view as tabs, of which only the open one has anything to draw."""
    asked = st.query_params.get("part", "")
    tabs = st.tabs(list(PARTS.values()), default=PARTS.get(asked), key=_PART, on_change=_open_part)
    return {part: tab for part, tab in zip(PARTS, tabs, strict=True) if tab.open}


def _open_part() -> None:
    part = next(part for part, label in PARTS.items() if label == st.session_state[_PART])
    st.query_params["part"] = part
