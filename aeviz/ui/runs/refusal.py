"""Why an action was refused, on a page that refreshes itself: the sentence stays until the next
action."""

from __future__ import annotations

import streamlit as st

from aeviz.errors import UserError
from aeviz.ui.shared.markup import problem


def keep(key: str, about: object, error: UserError) -> None:
    """Keeps the sentence for as long as the page is `about` the same."""
    st.session_state[key] = (about, str(error))
    st.session_state[f"{key}-count"] = count(key) + 1


def count(key: str) -> int:
    """How many there have been. A popover with it in its key closes, so that the sentence, which
    it may cover on a phone, is seen."""
    return int(st.session_state.get(f"{key}-count", 0))


def forget(key: str) -> None:
    st.session_state.pop(key, None)


def show(key: str, about: object) -> None:
    """The sentence, if one is kept; it is forgotten once the page is about something else."""
    before, sentence = st.session_state.get(key, (about, ""))
    if before != about:
        forget(key)
    elif sentence:
        problem(sentence)
