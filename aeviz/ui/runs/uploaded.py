"""Uploaded models as lines, each with its owner, a link and a button to delete it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.identity import Person
from aeviz.models import uploads
from aeviz.models.uploads import Upload
from aeviz.ui.runs import refusal
from aeviz.ui.runs.table import age
from aeviz.ui.shared import person
from aeviz.wording import file_size

MAX_LINES = 20
_REFUSED = "uploads-refused"


def section(me: Person, own: bool, words: str = "") -> None:
    """The uploads of this person, or of all, with all of these words in their name or owner.
    Nothing if there are none."""
    found = [upload for upload in uploads.uploads() if me.owns(upload.owner) or not own]
    wanted = words.casefold().split()
    shown = [one for one in found if all(word in _words(one, me) for word in wanted)]
    if shown:
        st.markdown("**Uploaded models**")
    lines(shown[:MAX_LINES], me, f"{own} {words}")
    if len(shown) > MAX_LINES:
        st.caption(
            f"The newest {MAX_LINES} of {len(shown)} are shown. Use the filter to see the others."
        )


def _words(upload: Upload, me: Person) -> str:
    return f"{upload.display_name} {person.whose(upload.owner, me)}".casefold()


def lines(shown: Sequence[Upload], me: Person, about: str = "") -> None:
    """One line for each; above them, why the last one was not deleted, as long as the list is
    `about` the same."""
    refusal.show(_REFUSED, about)
    if not shown:
        return
    with st.container(key="aeviz-uploaded", gap="xxsmall"):
        for upload in shown:
            with st.container(horizontal=True, vertical_alignment="center"):
                _line(upload, me, about)


def _line(upload: Upload, me: Person, about: str) -> None:
    whose = in_markdown(person.whose(upload.owner, me))
    facts = f"{whose} · {file_size(upload.size)} · {age(time.time() - upload.made)}"
    st.markdown(f"{in_markdown(upload.display_name)} :gray[· {facts}]", width="content")
    st.page_link(
        "explore.py",
        label="Explore it",
        icon=":material/explore:",
        query_params={"model": upload.name},
    )
    if me.may_manage(upload.owner):
        _delete(upload, me, about)


def _delete(upload: Upload, me: Person, about: str) -> None:
    key = f"delete-{upload.name}-{refusal.count(_REFUSED)}"
    with st.popover("Delete", icon=":material/delete:", type="tertiary", key=key):
        st.text(f"Delete “{upload.display_name}”?")
        st.caption("This deletes the model for everybody.")
        if st.button("Delete for good", type="primary", key=f"delete-{upload.name}"):
            refusal.forget(_REFUSED)
            try:
                uploads.remove(upload.name, me)
            except UserError as error:
                refusal.keep(_REFUSED, about, error)
            st.rerun()
