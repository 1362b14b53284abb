"""The two views of the Restore page, the tabs of the second one and its links to the Lab.

View and tab are in the address.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aeviz.models import library

PHOTOS, SMALL = "photos", "small"
VIEWS = {PHOTOS: "Photographs", SMALL: "Digits and clothes"}
PARTS = {
    "try": "Try it",
    "kinds": "Other kinds of image",
}
IN_LAB = {
    "limits": ("denoise-limits", "When does a denoiser fail?"),
    "why": ("denoise-manifold", "Why does denoising work?"),
}
"""Parts that earlier versions had: the experiment of the Lab that replaces each, and its label."""
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


def moved() -> None:
    """A note on top if the address names a part that is now an experiment of the Lab."""
    part = st.query_params.get("part")
    if part in IN_LAB:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown("This part is now an experiment of the Lab:", width="content")
            _lab_link(part)


def lab_links() -> None:
    """Links to the experiments of the Lab on denoising."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption("In the Lab:", width="content")
        for part in IN_LAB:
            _lab_link(part)


def _lab_link(part: str) -> None:
    experiment, label = IN_LAB[part]
    st.page_link(
        "lab.py", label=label, icon=":material/science:", width="content",
        query_params={"experiment": experiment},
    )  # fmt: skip
