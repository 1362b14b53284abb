"""Where old links to the Restore page lead that meant small images: to Reconstruct and the Lab."""

from __future__ import annotations

import streamlit as st

from aeviz.errors import UserError
from aeviz.models import library

DENOISER = "denoising-ae-mnist"
IN_LAB = {
    "limits": ("denoise-limits", "When does a denoiser fail?"),
    "kinds": ("denoise-limits", "When does a denoiser fail?"),
    "why": ("denoise-manifold", "Is denoising a projection onto the data?"),
}
"""Parts that earlier versions had: the experiment of the Lab that replaces each, and its title."""


def show() -> None:
    """A note with a link, if the address names what is now on another page."""
    part = st.query_params.get("part", "")
    if not _means_small_images(part):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if part in IN_LAB:
            experiment, title = IN_LAB[part]
            st.markdown("This part is now an experiment of the Lab:", width="content")
            st.page_link(
                "lab.py", label=title, icon=":material/science:", width="content",
                query_params={"experiment": experiment},
            )  # fmt: skip
        else:
            st.markdown(
                "Small images are now cleaned up on Reconstruct, by denoising autoencoders:",
                width="content",
            )
            st.page_link(
                "reconstruct.py", label="Open Reconstruct", width="content",
                icon=":material/blur_on:", query_params={"model": _model()},
            )  # fmt: skip


def _means_small_images(part: str) -> bool:
    """Whether this is an old address of the small images: it names them, one of their parts, or a
    model that does not restore photographs."""
    view, name = st.query_params.get("view"), st.query_params.get("model")
    if view is not None:
        return view == "small"
    photos = {info.name for info in library.restorers()}
    return part in ("try", *IN_LAB) or (name is not None and name not in photos)


def _model() -> str:
    """The model in the address, if there is one and it is still there."""
    try:
        return library.find(st.query_params.get("model", "")).name
    except UserError:
        return DENOISER
