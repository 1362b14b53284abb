"""Links to the Train page: they name a type and settings, which then fill in the controls."""

from __future__ import annotations

import dataclasses
import zlib

import streamlit as st

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.export import config_link
from aeviz.presets.autoencoders import PRESETS, Preset
from aeviz.ui.shared import problems
from aeviz.ui.train.settings import value_of

_OPENED = "train-link"
"""The query that was read last. Without it each rerun would undo what a person changes."""


def open_link() -> None:
    """Fills in the settings that the address names, or says why it cannot."""
    query = {key: text for key, text in st.query_params.to_dict().items() if key != "run"}
    if "type" not in query:
        st.session_state.pop(_OPENED, None)  # the same link may be opened again later
        return
    if st.session_state.get(_OPENED) == query:
        return
    try:
        config = config_link.config_of(query)
    except UserError as error:
        reason = problems.as_markdown(error)
        st.warning(f"The settings in this link cannot be used. {reason}")
        return
    st.session_state[_OPENED], st.session_state["train-linked"] = query, config
    st.session_state["train-type"] = config.type
    st.session_state["train-dataset"] = config.dataset


def preset_for(name: str, source: datasets.Source) -> Preset:
    """The preset of this name with its settings for these data, or the link's settings if it
    names this type. If the data are not the link's, the number of epochs follows from the data."""
    config, linked = PRESETS[name].on(source), _linked(name)
    if linked is not None and linked.dataset == source.name:
        config = linked
    elif linked is not None:
        length = {key: value_of(config, key) for key in ("training.epochs", "training.batch_size")}
        config = linked.replace(dataset=source.name, **length)
    return dataclasses.replace(PRESETS[name], config=config)


def key_prefix(preset: Preset) -> str:
    """How the keys of a preset's widgets begin. A link's widgets have their own keys, so that they
    start from the link's values."""
    linked = _linked(preset.name)
    if linked is None or linked == PRESETS[preset.name].config:
        return f"train-{preset.name}"
    return f"train-{preset.name}@{zlib.crc32(linked.to_json().encode()):08x}"


def _linked(name: str) -> RunConfig | None:
    """The settings of the link, if it names this type."""
    linked = st.session_state.get("train-linked")
    return linked if linked is not None and linked.type == name else None
