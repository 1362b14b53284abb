"""A UserError on a page: its sentence, with the label of the setting that it is about."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import streamlit as st

from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.ui.train.settings import label_of


def as_markdown(error: UserError) -> str:
    """The error's sentence as Markdown. It is escaped, since it may quote untrusted text."""
    message = in_markdown(error.message, None)
    return f"**{in_markdown(label_of(error.key))}:** {message}" if error.key else message


def show(error: UserError) -> None:
    """Shows the error in a red box."""
    st.error(as_markdown(error), icon=":material/error:")


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Shows a UserError raised inside."""
    try:
        yield
    except UserError as error:
        show(error)
