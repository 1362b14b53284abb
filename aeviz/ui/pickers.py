"""The model picker at the top of each page."""

from __future__ import annotations

import streamlit as st

from aeviz import library
from aeviz.library import ModelInfo


def model_picker() -> ModelInfo:
    infos = {info.name: info for info in library.models()}
    names = list(infos)
    wanted = st.query_params.get("model")
    name = st.selectbox("Model", names, index=names.index(wanted) if wanted in infos else 0)
    if name != wanted:
        st.query_params["model"] = name
    return infos[name]
