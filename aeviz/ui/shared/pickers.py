"""The model picker at the top of each page. Its choice is in the address."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import streamlit as st
import torch

from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.identity import Person
from aeviz.images import decode_sprite, encode_png
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.runs.differences import differences
from aeviz.ui.shared import person
from aeviz.ui.train import settings

THUMBNAILS = 8
MAX_SETTINGS = 3
"""A line names at most so many settings."""
_KEY = "aeviz-model-picker"
_CHOSEN = "aeviz-model"

_PAGE_PARAMETERS = ("mode", "projection")
"""Query parameters that stay when another model is chosen."""


def model_picker(
    suits: Callable[[ModelInfo], bool] = lambda _: True, default: str = "vae-mnist"
) -> ModelInfo:
    """Lets a person choose one of the models that suit the page; stops the page if there is none.

    The choice is kept in the query parameter `model`, and from page to page. If the address names
    a model that does not exist, the page says so and opens the default.
    """
    me = person.me()
    found = [*grouped(library.models(), me), *_of_the_lab()]
    infos = {info.name: info for info in found if suits(info)}
    if not infos:
        st.info("There is no model here yet. Train one first. It takes about a minute.")
        st.page_link("train.py", label="Train a model", icon=":material/model_training:")
        st.stop()
    missing = _settle(infos, default)
    labels = lines(list(infos.values()), me)
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
        name = in_markdown(missing[:60])
        st.warning(f"There is no model called “{name}”. This is {in_markdown(info.display_name)}.")
    return info


def _of_the_lab() -> list[ModelInfo]:
    """The network of a result of the Lab that the address names, or that was chosen before."""
    for name in (st.query_params.get("model"), st.session_state.get(_CHOSEN)):
        with contextlib.suppress(UserError):
            info = library.find(name or "")
            if info.in_lab:
                return [info]
    return []


def grouped(infos: Iterable[ModelInfo], me: Person) -> list[ModelInfo]:
    """Bundled models first, then mine, then the class's; otherwise in the given order."""

    def group(info: ModelInfo) -> int:
        return 0 if info.bundled else 1 if me.owns(info.owner) else 2

    return sorted(infos, key=group)


def lines(infos: Sequence[ModelInfo], me: Person) -> dict[str, str]:
    """The line in the list for each model, by the model's name. A run's line has its owner and, if
    several have the same title, the settings in which they differ. All lines are different."""
    details: dict[str, list[str]] = {}
    by_title = sorted(
        (info for info in infos if not info.bundled), key=lambda info: info.display_name
    )
    for _, alike in groupby(by_title, key=lambda info: info.display_name):
        details |= _differing(list(alike))
    return library.distinct(
        {
            info.name: info.label
            if info.bundled
            else " · ".join([_whose(info, me), info.label, *details[info.name]])
            for info in infos
        }
    )


def _whose(info: ModelInfo, me: Person) -> str:
    if info.in_lab:
        return "The Lab"
    if me.owns(info.owner):
        return "Mine"
    name = person.whose(info.owner, me)
    return name[:1].upper() + name[1:]


def _differing(alike: Sequence[ModelInfo]) -> dict[str, list[str]]:
    """The settings in which these models differ, by the models' names. The code size is left out,
    because every label has it."""
    epochs = {info.name: info.card.get("epochs") for info in alike}
    found = {}
    for info, differs in zip(alike, differences([one.config for one in alike]), strict=True):
        keys = [key for key in differs if key != settings.CODE_SIZE.key][:MAX_SETTINGS]
        found[info.name] = [settings.with_value(key, differs[key]) for key in keys] * (
            len(alike) > 1
        )
        if len(set(epochs.values())) > 1 and isinstance(epochs[info.name], int):
            found[info.name].append(f"{epochs[info.name]:,} epochs")
    return found


def _settle(infos: dict[str, ModelInfo], default: str) -> str | None:
    """Sets the picker. Returns the name in the address if there is no such model."""
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
    """Another model: drops the last one's code from the address."""
    kept = {key: st.query_params[key] for key in _PAGE_PARAMETERS if key in st.query_params}
    st.query_params.from_dict({"model": st.session_state[_KEY], **kept})


@st.cache_data(max_entries=64, show_spinner=False)
def _strip(name: str, version: int) -> str:
    """The first images of a model's gallery in a row, as HTML; `version` is part of the key."""
    del version
    try:
        loaded = library.load(name)
        gallery = loaded.gallery
        if gallery is None:
            return ""
        images = decode_sprite(gallery.sprite, len(gallery.latents), loaded.model.image_shape)
    except UserError:
        return ""
    row = torch.cat([*images[:THUMBNAILS]], dim=2).permute(1, 2, 0).numpy()
    source = f"data:image/png;base64,{base64.b64encode(encode_png(row)).decode()}"
    return (
        f'<img src="{source}" alt="Test images of this model" '
        'style="height:40px;max-width:100%;border-radius:8px;image-rendering:pixelated">'
    )
