"""The Train page's controls: from a preset and what a person changes to a RunConfig."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from aeviz import datasets
from aeviz.config import MAX_LAYERS, RunConfig
from aeviz.errors import UserError
from aeviz.presets import PRESETS, Knob, Preset
from aeviz.takeaway import link
from aeviz.training import worker
from aeviz.training.estimate import Estimate, estimate
from aeviz.ui import own_images
from aeviz.ui.markup import markup
from aeviz.ui.network import network_svg
from aeviz.ui.settings import (
    ADVANCED,
    CODE_SIZE,
    KIND,
    LENGTH,
    LOSS,
    WORDS,
    count_in_words,
    duration,
    in_words,
    log_steps,
    usable_words,
    value_of,
)

TWICE_SECONDS = 4.0
"""A second click on Train this soon, with the same settings, is a double click."""


@dataclass(frozen=True)
class Choice:
    """What the controls say: a configuration and its cost, or the sentence that says why not."""

    preset: Preset
    config: RunConfig | None
    cost: Estimate | None
    problem: str = ""


@contextlib.contextmanager
def sentence() -> Iterator[None]:
    """Shows a UserError raised inside as its one sentence."""
    try:
        yield
    except UserError as error:
        st.error(str(error), icon=":material/error:")


def open_link() -> None:
    """Fills in the settings that the address names; says in one sentence where it cannot."""
    asked = {key: text for key, text in st.query_params.to_dict().items() if key != "run"}
    if "type" not in asked or st.session_state.get("train-link") == asked:
        return
    try:
        config = link.config_of(asked)
    except UserError as error:
        st.warning(f"This link does not fill in the settings. {in_words(str(error))}")
        return
    st.session_state["train-link"], st.session_state["train-linked"] = asked, config
    st.session_state["train-type"] = config.type
    st.session_state["train-dataset"] = config.dataset


def _preset(name: str) -> Preset:
    """The preset of this name; it starts from the link's settings where a link named it."""
    linked = st.session_state.get("train-linked")
    if linked is None or linked.type != name:
        return PRESETS[name]
    return dataclasses.replace(PRESETS[name], config=linked)


def _tag(preset: Preset) -> str:
    """How the keys of a preset's controls begin; a link's controls are others."""
    start = preset.config
    if start == PRESETS[preset.name].config:
        return f"train-{preset.name}"
    return f"train-{preset.name}@{zlib.crc32(start.to_json().encode()):08x}"


def controls() -> Choice:
    """All settings of a run. Each type keeps its own, and starts from its preset or a link."""
    left, right = st.columns(2, gap="small")
    with right:
        name = st.selectbox(
            "Type",
            list(PRESETS),
            format_func=lambda key: PRESETS[key].title,
            key="train-type",
            on_change=_follow_preset,
            help="Which kind of autoencoder. It fills in all settings below; change any of them.",
        )
    preset = _preset(name)
    with left:
        source = _dataset()
    if source.own:
        own_images.about(source)
    changes: dict[str, Any] = {"dataset": source.name}
    try:
        changes |= _network(preset) | _learning(preset)
        config = preset.config.replace(**changes)
        return Choice(preset, config, estimate(config))
    except UserError as error:
        return Choice(preset, None, None, in_words(str(error)))


def _dataset() -> datasets.Source:
    own_images.settle()
    sources = datasets.table()
    if st.session_state.get("train-dataset", datasets.DEFAULT) not in sources:  # removed since
        st.session_state["train-dataset"] = datasets.DEFAULT

    def title(name: str) -> str:
        source = sources[name]
        needs = source.network and not datasets.available(name)
        return source.title + (" (downloads first)" if needs else " (own images)" * source.own)

    name = st.selectbox(
        "Data set",
        list(sources),
        format_func=title,
        key="train-dataset",
        help="The images it learns from. Those that download do so once, with a progress bar.",
    )
    source = sources[name]
    st.caption(source.description)
    own_images.button()
    return source


def _follow_preset() -> None:
    """A type made for one data set brings it along."""
    wanted = PRESETS[st.session_state["train-type"]].config.dataset
    if wanted != datasets.DEFAULT:
        st.session_state["train-dataset"] = wanted


def _network(preset: Preset) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    kind_at, code_at = st.columns(2, gap="small")
    with kind_at:
        kind = changes["network.kind"] = _control(preset, KIND)
    with code_at:
        changes["bottleneck.latent_dim"] = _control(preset, CODE_SIZE)
    if kind == "conv":
        changes["network.channels"] = _layers(
            preset, "network.channels", "Conv layers", "Each halves the image.", "Channels"
        )
    changes["network.hidden"] = _layers(
        preset,
        "network.hidden",
        "Hidden layers",
        "Dense layers between the image and the code; the decoder mirrors them."
        if kind == "dense"
        else "Dense layers between the last convolution and the code.",
        "Nodes",
    )
    return changes


def _learning(preset: Preset) -> dict[str, Any]:
    changes = _row(preset, (LOSS, *preset.knobs[:1]), 2) | _row(preset, preset.knobs[1:], 2)
    changes |= _row(preset, LENGTH, 3)
    with st.expander("Advanced"):
        changes["name"] = st.text_input(
            "Name",
            max_chars=80,
            key=f"{_tag(preset)}-name",
            help="What the model is called in lists. Two models may share a name.",
            placeholder=f"{preset.title}",
        )
        changes |= _row(preset, ADVANCED, 2)
    return changes


def _row(preset: Preset, knobs: Sequence[Knob], width: int) -> dict[str, Any]:
    """Controls side by side, so many in a row."""
    changes: dict[str, Any] = {}
    for start in range(0, len(knobs), width):
        row = knobs[start : start + width]
        for column, knob in zip(st.columns(width, gap="small"), row, strict=False):
            with column:
                changes[knob.key] = _control(preset, knob)
    return changes


def _control(preset: Preset, knob: Knob) -> Any:
    """The widget that suits the setting: words to choose from, a slider, or a number.

    Numbers have no bounds here: RunConfig knows them, and says them in a sentence.
    """
    value, key = value_of(preset.config, knob.key), f"{_tag(preset)}-{knob.key}"
    words = usable_words(knob)
    if words:
        words += [value] * (value not in words)  # a link may name one more
        return st.selectbox(
            knob.label,
            words,
            index=words.index(value),
            format_func=lambda word: WORDS.get(word, word.capitalize()),
            key=key,
            help=knob.help,
        )
    if knob.log:
        steps = log_steps(knob.low, knob.high, value)
        return st.select_slider(
            knob.label, steps, value, format_func="{:g}".format, key=key, help=knob.help
        )
    if isinstance(value, int):
        return _number(knob, value, 1, "%d", key)
    if knob in ADVANCED or knob in LENGTH:
        return _number(knob, value, value / 2 or 0.1, "%g", key)
    low, high = min(knob.low, value), max(knob.high, value)
    return st.slider(knob.label, low, high, value, 0.01, key=key, help=knob.help)


def _number(knob: Knob, value: float, step: float, form: str, key: str) -> Any:
    return st.number_input(knob.label, value=value, step=step, format=form, key=key, help=knob.help)


def _layers(preset: Preset, key: str, label: str, text: str, each: str) -> list[int]:
    """How many layers, and how wide each of them is."""
    start = value_of(preset.config, key)
    tag = f"{_tag(preset)}-{key}"
    count_at, widths_at = st.columns([1, 3], gap="small")
    with count_at:
        count = st.number_input(label, 0, MAX_LAYERS, len(start), 1, key=f"{tag}-count", help=text)
    widths: list[int] = []
    with widths_at, st.container(horizontal=True, gap="small"):
        for i in range(count):
            width = st.number_input(
                f"{each} {i + 1}" if count > 1 else each,
                value=start[i] if i < len(start) else _next_width(widths, start),
                step=16,
                key=f"{tag}-{i}",
                width=110,
                help=f"{each} of layer {i + 1}.",
            )
            widths.append(width)
    return widths


def _next_width(widths: list[int], start: tuple[int, ...]) -> int:
    """A further layer starts half as wide as the one before."""
    last = (widths or list(start) or [256])[-1]
    return max(16, last // 2) if widths else last


def picture(choice: Choice) -> None:
    """The network drawn, and what it will cost; or the sentence that says what is wrong."""
    if choice.config is None or choice.cost is None:
        st.error(choice.problem, icon=":material/error:")
        return
    shape = datasets.find(choice.config.dataset).image_shape
    cost = choice.cost
    ratio = cost.compression
    code = (
        f"<b>{ratio:.3g}×</b> smaller code"
        if ratio > 1
        else (f"code <b>{1 / ratio:.3g}×</b> as wide as the image")
    )
    facts = (
        f"<span><b>{count_in_words(cost.parameters)}</b> parameters</span><span>{code}</span>"
        f"<span>about <b>{duration(cost.seconds)}</b> on {cost.device}</span>"
    )
    markup(
        network_svg(choice.config, shape) + f'<div class="av-facts">{facts}</div>',
        "aeviz-network",
    )


def start(config: RunConfig) -> None:
    """Starts the run, once for a double click, and shows it."""
    said, at = st.session_state.get("train-started", ("", 0.0))
    if said == config.to_json() and time.monotonic() - at < TWICE_SECONDS:
        return
    st.session_state["train-started"] = (config.to_json(), time.monotonic())
    st.query_params.from_dict({"run": worker.start(config).id})
    st.rerun()
