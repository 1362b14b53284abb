"""Why an action was refused. The page refreshes itself, so the message stays until the next
action."""

from __future__ import annotations

import streamlit as st

from aeviz.errors import UserError
from aeviz.ui.shared import problems


def keep(key: str, about: object, error: UserError) -> None:
    """Keeps the error for as long as the page is `about` the same thing."""
    st.session_state[key] = (about, error)
    st.session_state[f"{key}-count"] = count(key) + 1


def count(key: str) -> int:
    """How many refusals there have been. With this number in its key a popover closes after each
    refusal: on a phone it might cover the message."""
    return int(st.session_state.get(f"{key}-count", 0))


def forget(key: str) -> None:
    st.session_state.pop(key, None)


def show(key: str, about: object) -> None:
    """Shows the error, if one is kept. Forgets it if the page is about something else now."""
    before, error = st.session_state.get(key, (about, None))
    if before != about:
        forget(key)
    elif error is not None:
        problems.show(error)
