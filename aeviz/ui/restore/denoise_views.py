"""The two views of the Restore page and the tabs of the second one. Both are in the address."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aeviz.models import library

PHOTOS, SMALL = "photos", "small"
VIEWS = {PHOTOS: "Photographs", SMALL: "Digits and clothes"}
PARTS = {
    "try": "Try it",
    "limits": "When it fails",
    "kinds": "Other kinds of image",
    "why": "Why it works",
}
_VIEW, _PART = "restore-view", "restore-part"


def choose_view() -> str:
    """Photographs or small images: a person's choice, or at first the address's."""
    st.session_state.setdefault(_VIEW, _view_in_address())
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        st.title("Clean up a picture", anchor=False, width="content")
        view = st.segmented_control(
            "What to clean", list(VIEWS), format_func=VIEWS.__getitem__, required=True, key=_VIEW,
            label_visibility="collapsed", on_change=_switch,
        )  # fmt: skip
    return view or PHOTOS


def _view_in_address() -> str:
    """The view in the address. A model that does not restore photographs means the small view."""
    view = st.query_params.get("view")
    if view in VIEWS:
        return view
    name = st.query_params.get("model")
    photos = {info.name for info in library.restorers()}
    return PHOTOS if name is None or name in photos else SMALL


def _switch() -> None:
    """Another view: drops the parameters of this one from the address."""
    st.query_params.from_dict({"view": st.session_state[_VIEW]})


def parts() -> dict[str, DeltaGenerator]:
    """The parts of the small view as tabs. Returns only the open one, so that only it is drawn."""
    part = st.query_params.get("part", "")
    tabs = st.tabs(list(PARTS.values()), default=PARTS.get(part), key=_PART, on_change=_open_part)
    return {part: tab for part, tab in zip(PARTS, tabs, strict=True) if tab.open}


def _open_part() -> None:
    part = next(part for part, label in PARTS.items() if label == st.session_state[_PART])
    st.query_params["part"] = part
