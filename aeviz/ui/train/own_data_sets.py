"""A data set of a person's own images on the Train page: its images, and how to remove it."""

from __future__ import annotations

import streamlit as st

from aeviz import datasets
from aeviz.datasets import Source, custom, custom_images
from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.identity import Person
from aeviz.runs import dataset_usage
from aeviz.ui.reconstruct import own_pictures
from aeviz.ui.shared import person, problems
from aeviz.ui.shared.markup import markup

CHOOSE = "own-images-made"
"""In the session state: the data set to choose when the page runs next."""
NEW = "own-images-new"
"""In the session state: the data set that was just made. It is shown open."""


def about(source: Source) -> None:
    """The images of the data set, the files that were left out, and a button to remove it."""
    new = st.session_state.get(NEW) == source.name
    try:
        described = custom.description(source.name)
    except UserError as error:
        problems.show(error)
        return
    missing = sum(described.reasons.values())
    label = "Its images" + (f" · {missing:,} left out" if missing else "")
    with st.expander(label, expanded=new, icon=":material/photo_library:"):
        with problems.shown():
            markup(_examples(source.name, described.created), "aeviz-own-images")
        notes = "".join(
            f" {count:,} images: {in_markdown(note, None)}"
            for note, count in described.notes.items()
        )
        st.caption(
            f"Each image is {in_markdown(described.fit, None)}. "
            f"A tenth of them is for validation, a tenth for testing.{notes}"
        )
        if missing:
            st.markdown("**Left out**")
            left_out = own_pictures.left_out(described.left_out, described.reasons)
            markup(left_out, "aeviz-own-left-out")
        _remove(source, person.me())


def _remove(source: Source, me: Person) -> None:
    """A button to remove the data set; its owner's name for visitors who may not remove it."""
    owner = custom.owner(source.name)
    if not me.may_manage(owner):
        whose = in_markdown(person.whose(owner, me))
        st.caption(
            f":material/person: Made by {whose}. Only that person or the teacher can remove it."
        )
        return
    with st.popover("Remove", icon=":material/delete:", type="tertiary"):
        st.markdown("This removes the images for everybody. Models trained on them stay.")
        if st.button("Remove these images", key=f"own-images-remove-{source.name}"):
            try:
                dataset_usage.remove(source.name, me)
            except UserError as error:
                problems.show(error)
            else:
                st.session_state[CHOOSE] = datasets.DEFAULT
                st.rerun()


@st.cache_data(max_entries=40, show_spinner="Reading the images")
def _examples(name: str, created: float) -> str:
    del created  # only part of the cache key
    described = custom.description(name)
    shown = custom_images.examples(name, own_pictures.EACH)
    images = dict(zip(described.class_names, map(list, shown), strict=True))
    counts = dict(zip(described.class_names, described.counts, strict=True))
    return own_pictures.rows(images, counts, "image")
