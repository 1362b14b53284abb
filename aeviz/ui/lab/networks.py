"""The networks that a result has stored, as links to Explore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import streamlit as st

from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.experiments.jobs import Job
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.wording import numbers_in, without_numbers

Networks = Mapping[str, ModelInfo]
"""The stored networks by the key of their task, in the order of the tasks."""


def of(job: Job) -> Networks:
    """Those of this job that can be read."""
    found = {}
    for key, name in job.models().items():
        try:
            found[key] = library.find(name)
        except UserError:
            continue
    return found


def around(image: str, caption: str, info: ModelInfo | None) -> str:
    """The HTML of a picture, as a link to its network if that is stored."""
    if info is None:
        return image
    to = f"Open “{info.display_name}” in Explore"
    return (
        f'<a href="explore?model={escape(info.name)}" title="{escape(to)}" '
        f'aria-label="{escape(f"{caption}. {to}")}">{image}</a>'
    )


def in_order(names: Sequence[str]) -> list[str]:
    """Names that differ in their numbers only are beside each other, in the order of these."""
    kinds = [without_numbers(name) for name in names]
    return sorted(names, key=lambda name: (kinds.index(without_numbers(name)), numbers_in(name)))


def links(infos: Iterable[ModelInfo]) -> None:
    """A line with a link for each of them."""
    named = {info.display_name: info for info in infos}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Open in Explore:", width="content")
        for name in in_order([*named]):
            st.page_link(
                "explore.py",
                label=in_markdown(name),
                query_params={"model": named[name].name},
                width="content",
            )
