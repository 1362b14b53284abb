"""The model picker at the top of each page: the same everywhere, kept in the address."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable

import streamlit as st
from PIL import Image

from aeviz import library
from aeviz.errors import UserError
from aeviz.library import ModelInfo

THUMBNAILS = 8
_KEY = "aeviz-model-picker"
_CHOSEN = "aeviz-model"

_OF_THE_PAGE = ("view", "part", "mode", "projection")
"""What the address says of the page, whichever model is open in it."""


def model_picker(
    suits: Callable[[ModelInfo], bool] = lambda _: True, default: str = "vae-mnist"
) -> ModelInfo:
    """Let a person choose one of the models that suit the page; stops the page if there is none.

    The choice is kept in the query parameter `model`, and from page to page. A model that the
    address asks for and that is not there is named, and the default opens instead.
    """
    infos = {info.name: info for info in library.models() if suits(info)}
    if not infos:
        st.info("There is no model here yet. Train one first: it takes about a minute.")
        st.page_link("train.py", label="Train a model", icon=":material/model_training:")
        st.stop()
    missing = _settle(infos, default)
    labels = library.labels(infos.values())
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    name = left.selectbox(
        "Model",
        list(infos),
        format_func=labels.__getitem__,
        key=_KEY,
        on_change=_remember,
        label_visibility="collapsed",
        placeholder="Type to search",
    )
    info = infos[name]
    if strip := _strip(info.name, info.path.stat().st_mtime_ns):
        right.html(strip)
    if missing:
        gone = f"There is no model called “{missing[:60]}” here (any more)"
        st.warning(f"{gone}: this is {info.called}.")
    return info


def _settle(infos: dict[str, ModelInfo], default: str) -> str | None:
    """Put the right model into the picker; a name that was asked for in vain is answered."""
    wanted = st.query_params.get("model")
    if st.session_state.get(_KEY) not in infos:
        choices = (wanted, st.session_state.get(_CHOSEN), default, next(iter(infos)))
        st.session_state[_KEY] = next(name for name in choices if name in infos)
    name = st.session_state[_KEY]
    st.session_state[_CHOSEN] = name
    if wanted != name:
        st.query_params["model"] = name
    return wanted if wanted is not None and wanted not in infos else None


def _remember() -> None:
    """A new model: the code of the last one in the address means nothing to it."""
    kept = {key: st.query_params[key] for key in _OF_THE_PAGE if key in st.query_params}
    st.query_params.from_dict({"model": st.session_state[_KEY], **kept})


@st.cache_data(max_entries=64, show_spinner=False)
def _strip(name: str, version: int) -> str:
    """The first images of a model's gallery in a row, as HTML; `version` is part of the key."""
    del version
    try:
        gallery = library.load(name).gallery
    except UserError:
        return ""
    if gallery is None or not len(gallery.latents):
        return ""
    count = len(gallery.latents)
    columns = math.ceil(math.sqrt(count))
    with Image.open(io.BytesIO(gallery.sprite)) as sheet:
        width = sheet.width // columns
        height = sheet.height // math.ceil(count / columns)
        row = sheet.crop((0, 0, width * min(THUMBNAILS, count, columns), height)).convert("RGB")
    file = io.BytesIO()
    row.save(file, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return (
        f'<img src="{source}" alt="Images this model has not seen in training" '
        'style="height:40px;max-width:100%;border-radius:8px;image-rendering:pixelated">'
    )
