"""The widgets of the Train page's settings, one for each kind of value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aeviz.config import MAX_LAYERS
from aeviz.errors import UserError
from aeviz.presets.autoencoders import Hyperparameter, Preset
from aeviz.ui.train import settings
from aeviz.ui.train.link import key_prefix
from aeviz.ui.train.network import Layers
from aeviz.ui.train.settings import log_steps, value_of

_STACKS = {"network.channels": "Conv layers", "network.hidden": "Hidden layers"}


def row(preset: Preset, shown: Sequence[Hyperparameter], width: int) -> dict[str, Any]:
    """Widgets side by side, `width` in a row; their values by dotted key."""
    values: dict[str, Any] = {}
    for start in range(0, len(shown), width):
        columns = st.columns(width, gap="small")
        for column, setting in zip(columns, shown[start : start + width], strict=False):
            with column:
                values[setting.key] = control(preset, setting)
    return values


def control(preset: Preset, setting: Hyperparameter) -> Any:
    """The widget for a setting: a list of choices, a slider or a number input; its value.

    Number inputs have no bounds here: RunConfig checks them and explains what is wrong.
    """
    value, key = value_of(preset.config, setting.key), f"{key_prefix(preset)}-{setting.key}"
    text = settings.help_of(setting)
    choices = settings.choices_of(setting)
    if choices:
        choices += [value] * (value not in choices)  # a link may name another one
        return st.selectbox(
            setting.label,
            choices,
            index=choices.index(value),
            format_func=lambda choice: settings.WORDS.get(choice, choice.capitalize()),
            key=key,
            help=text,
        )
    if setting.log:
        steps = log_steps(setting.low, setting.high, value)
        return st.select_slider(
            setting.label, steps, value, format_func="{:g}".format, key=key, help=text
        )
    if isinstance(value, int):
        return number(setting.label, value, 1, "%d", key, text)
    if setting.key in settings.UNBOUNDED:
        return number(setting.label, value, value / 2 or 0.1, "%g", key, text)
    low, high = float(min(setting.low, value)), float(max(setting.high, value))
    return st.slider(setting.label, low, high, value, 0.01, key=key, help=text)


def number(label: str, start: Any, step: float, form: str, key: str, text: str, **more: Any) -> Any:
    """A number input. An empty one has the value `start`.

    Its value is in the session state from the beginning, because edits of the network's picture
    are written there. It follows `start` until a person changes it.
    """
    state, start_key = st.session_state, f"{key}@start"
    # If the start is the same, nothing is written: that would undo an edit of the picture.
    moved = state.get(start_key) != start
    if key not in state or (moved and state[key] == state.get(start_key)):
        state[key] = start
    state[start_key] = start
    value = st.number_input(label, value=None, step=step, format=form, key=key, help=text, **more)
    return start if value is None else value


def layers(preset: Preset, key: str, text: str, label: str) -> list[int]:
    """The number of layers and the width of each; the widths."""
    start = value_of(preset.config, key)
    prefix = f"{key_prefix(preset)}-{key}"
    count_at, widths_at = st.columns([1, 3], gap="small")
    with count_at:
        count = number(_STACKS[key], len(start), 1, "%d", f"{prefix}-count", text)
    count = max(0, min(count, MAX_LAYERS))  # `check_layer_counts` reports any other number
    widths: list[int] = []
    with widths_at, st.container(horizontal=True, gap="small"):
        for i in range(count):
            width = number(
                f"{label} {i + 1}" if count > 1 else label,
                start[i] if i < len(start) else _next_width(widths, start),
                16,
                "%d",
                f"{prefix}-{i}",
                f"{label} of layer {i + 1}.",
                width=110,
            )
            widths.append(width)
    return widths


def check_layer_counts(preset: Preset, changes: dict[str, Any]) -> None:
    """UserError if a network cannot have so many layers."""
    for key in filter(changes.__contains__, _STACKS):
        count = st.session_state.get(f"{key_prefix(preset)}-{key}-count") or 0
        if not 0 <= count <= MAX_LAYERS:
            name = _STACKS[key].lower()
            raise UserError(f"The number of {name} must be between 0 and {MAX_LAYERS}.")


def set_layers(prefix: str, kind: str, edited: Layers) -> None:
    """Writes an edit of the network's picture into the number inputs."""
    state = st.session_state
    state[f"{prefix}-{settings.CODE_SIZE.key}"] = edited.code
    stacks = {"network.hidden": edited.hidden}
    if kind == "conv":
        stacks["network.channels"] = edited.channels
    for key, widths in stacks.items():
        state[f"{prefix}-{key}-count"] = len(widths)
        for i, width in enumerate(widths):
            state[f"{prefix}-{key}-{i}"] = width


def _next_width(widths: list[int], start: tuple[int, ...]) -> int:
    """A new layer starts half as wide as the one before it."""
    last = (widths or list(start) or [256])[-1]
    return max(16, last // 2) if widths else last
