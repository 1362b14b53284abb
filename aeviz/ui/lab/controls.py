"""The parameters of an experiment as controls."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import streamlit as st

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters
from aeviz.experiments.base import Experiment
from aeviz.experiments.parameters import Field
from aeviz.ui.shared import problems


def choose(experiment: Experiment, start: Any) -> Any | None:
    """Shows the controls, which begin at `start`, and returns the parameters. If they are invalid,
    shows one sentence and returns None."""
    values = {}
    about = parameters.about(experiment.parameters)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        for name, field in about.items():
            values[name] = _control(experiment, name, field, getattr(start, name))
    try:
        return experiment.build(values)
    except UserError as error:
        problems.show(error)
        return None


def key(experiment: Experiment, name: str) -> str:
    return f"lab-{experiment.name}-{name}"


def _control(experiment: Experiment, name: str, field: Field, value: Any) -> Any:
    place = key(experiment, name)
    default = next(one.default for one in fields(experiment.parameters) if one.name == name)
    assert default is not MISSING
    if isinstance(default, tuple) and field.choices:
        return tuple(
            st.multiselect(
                field.label, field.choices, list(value), key=place, help=field.help, width=360
            )
        )
    if isinstance(default, tuple):
        text = parameters.as_text(value)
        return st.text_input(field.label, text, key=place, help=field.help, width=220)
    if isinstance(default, str):
        return _word(name, field, value, place)
    whole = isinstance(default, int)
    step = 1 if whole else None
    return st.number_input(
        field.label,
        min_value=int(field.low) if whole else float(field.low),
        max_value=int(field.high) if whole else float(field.high),
        value=value,
        step=step,
        key=place,
        help=field.help,
        width=150,
    )


def _word(name: str, field: Field, value: str, place: str) -> str:
    if field.choices:
        options, titles = list(field.choices), {}
    else:
        sources = datasets.table()
        options = list(sources)
        titles = {name: source.title for name, source in sources.items()}
    if value not in options:
        options.append(value)
    index = options.index(value)
    chosen = st.selectbox(
        field.label, options, index, format_func=lambda one: titles.get(one, one), key=place,
        help=field.help, width=260,
    )  # fmt: skip
    return chosen or value
