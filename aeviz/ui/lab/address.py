"""The address of the Lab's page: which experiment, its parameters, the prediction, whether it ran.

A link may come from a stranger, so everything in it is checked. An error is one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from aeviz.errors import UserError
from aeviz.experiments import parameters, table
from aeviz.experiments.base import Experiment

NAME, GUESS, WINNER, RAN = "experiment", "guess", "pick", "ran"
LONGEST = 200
_LEFT = "aeviz-lab-address"


def experiment() -> Experiment | None:
    """The experiment in the address; None for the list of all. UserError for an unknown name."""
    name = st.query_params.get(NAME)
    return None if name is None else table.find(name)


def arrive() -> None:
    """Forgets the controls' values if a link was followed: the address is not the one that this
    page left behind. A link from the Lab to itself gives its query to the page, but does not change
    the browser's address, so it is written there."""
    query = st.query_params.to_dict()
    if st.session_state.get(_LEFT) == query:
        return
    for key in [key for key in st.session_state if str(key).startswith("lab-")]:
        del st.session_state[key]
    st.query_params.from_dict(query)


def leave() -> None:
    """Remembers the address that the page has written."""
    st.session_state[_LEFT] = st.query_params.to_dict()


def chosen(found: Experiment) -> Any:
    """The parameters in the address. UserError if one of them is invalid."""
    known = parameters.about(found.parameters)
    texts = {key: text for key, text in st.query_params.to_dict().items() if key in known}
    for key, text in texts.items():
        if len(text) > LONGEST:
            raise UserError(f"The value of {key} in this link is too long.")
    return found.build(texts)


def remember(found: Experiment, values: Any) -> None:
    """Writes the parameters that differ from the defaults into the address."""
    usual = parameters.plain(found.build({}))
    for name, value in parameters.plain(values).items():
        text = parameters.as_text(value)
        if value == usual[name]:
            if name in st.query_params:
                del st.query_params[name]
        elif st.query_params.get(name) != text:
            st.query_params[name] = text


def link() -> str:
    """This page's address, as this visitor's browser knows it."""
    here = urlsplit(st.context.url or "")
    query = urlencode(st.query_params.to_dict(), safe=",")
    return here._replace(query=query, fragment="").geturl()


def ran() -> bool:
    """Whether the experiment was run with these parameters."""
    return st.query_params.get(RAN) == "1"


def set_ran(value: bool) -> None:
    if value:
        st.query_params[RAN] = "1"
    elif RAN in st.query_params:
        del st.query_params[RAN]


def guess(places: Sequence[object]) -> list[float] | None:
    """The prediction in the address, one number for each place; None if there is none."""
    text = st.query_params.get(GUESS, "")
    try:
        heights = [float(part) for part in text.split(",")] if len(text) <= LONGEST else []
    except ValueError:
        return None
    fits = len(heights) == len(places) and all(map(math.isfinite, heights))
    return heights if fits else None


def set_guess(heights: Sequence[float]) -> None:
    st.query_params[GUESS] = ",".join(f"{height:.3g}" for height in heights)
