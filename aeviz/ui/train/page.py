"""The Train page's controls: from a preset and what a person changes to a RunConfig."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from aeviz import datasets
from aeviz.config import MAX_LAYERS, RunConfig
from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.export import config_link
from aeviz.nn.networks import ImageShape
from aeviz.presets.autoencoders import (
    AMOUNT,
    NOISE,
    PRESETS,
    Hyperparameter,
    Preset,
    data_of,
    kind_of,
)
from aeviz.presets.defaults import epochs_for
from aeviz.runs import spawn
from aeviz.runs.estimate import Estimate, Memory, estimate
from aeviz.training.loop import steps_per_epoch
from aeviz.ui.shared import person
from aeviz.ui.shared.markup import markup, problem
from aeviz.ui.train import curves, network, own_images, settings
from aeviz.ui.train.settings import (
    count_in_words,
    duration,
    in_words,
    log_steps,
    size_in_words,
    value_of,
)

FEW_STEPS = 200
"""With fewer, a network of the usual learning rates has hardly left its start."""
TWICE_SECONDS = 4.0
"""A second click on Train this soon, with the same settings, is a double click."""


@dataclass(frozen=True)
class Choice:
    """What the controls say: a configuration and its cost, or the sentence that says why not.
    `changes`: the settings by dotted key, as far as they are known."""

    preset: Preset
    config: RunConfig | None
    cost: Estimate | None
    changes: dict[str, Any]
    problem: str = ""


@contextlib.contextmanager
def sentence() -> Iterator[None]:
    """Shows a UserError raised inside as its one sentence."""
    try:
        yield
    except UserError as error:
        problem(error)


def open_link() -> None:
    """Fills in the settings that the address names; says in one sentence where it cannot."""
    asked = {key: text for key, text in st.query_params.to_dict().items() if key != "run"}
    if "type" not in asked:
        st.session_state.pop("train-link", None)  # the same link fills them in anew, another time
        return
    if st.session_state.get("train-link") == asked:
        return
    try:
        config = config_link.config_of(asked)
    except UserError as error:
        said = in_markdown(in_words(str(error)), None)
        st.warning(f"This link does not fill in the settings. {said}")
        return
    st.session_state["train-link"], st.session_state["train-linked"] = asked, config
    st.session_state["train-type"] = config.type
    st.session_state["train-dataset"] = config.dataset


def _linked(name: str) -> RunConfig | None:
    """The settings of the link, if it names this type."""
    linked = st.session_state.get("train-linked")
    return linked if linked is not None and linked.type == name else None


def _preset(name: str, source: datasets.Source) -> Preset:
    """The preset of this name as it starts on these data: from the link's settings if a link named
    it, though on other data than the link's the length follows from the data."""
    config, linked = PRESETS[name].on(source), _linked(name)
    if linked is not None and linked.dataset == source.name:
        config = linked
    elif linked is not None:
        length = {key: value_of(config, key) for key in ("training.epochs", "training.batch_size")}
        config = linked.replace(dataset=source.name, **length)
    return dataclasses.replace(PRESETS[name], config=config)


def _tag(preset: Preset) -> str:
    """How the keys of a preset's controls begin; a link's controls are others."""
    linked = _linked(preset.name)
    if linked is None or linked == PRESETS[preset.name].config:
        return f"train-{preset.name}"
    return f"train-{preset.name}@{zlib.crc32(linked.to_json().encode()):08x}"


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
    with left:
        source = _dataset()
    preset = _preset(name, source)
    if source.own:
        own_images.about(source)
    changes: dict[str, Any] = {"dataset": source.name}
    try:
        changes |= _network(preset)
        changes |= _learning(preset, source.counts[0])
        _check_counts(preset, changes)
        config = preset.config.replace(**changes)
        return Choice(preset, config, estimate(config), changes)
    except UserError as error:
        return Choice(preset, None, None, changes, in_words(str(error)))


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
        kind = changes["network.kind"] = _control(preset, settings.KIND)
    with code_at:
        changes["bottleneck.latent_dim"] = _control(preset, settings.CODE_SIZE)
    if kind == "conv":
        changes["network.channels"] = _layers(
            preset, "network.channels", "Each halves the image.", "Channels"
        )
    changes["network.hidden"] = _layers(
        preset,
        "network.hidden",
        "Dense layers between the image and the code; the decoder mirrors them."
        if kind == "dense"
        else "Dense layers between the last convolution and the code.",
        "Nodes",
    )
    return changes


def _learning(preset: Preset, images: int) -> dict[str, Any]:
    own = [knob.key for knob in preset.knobs]
    changes = _row(preset, (settings.LOSS, *preset.knobs[:1]), 2)
    unused = {AMOUNT.key} if changes.get(NOISE.key) == "mixed" else set()
    changes |= _row(preset, [k for k in preset.knobs[1:] if k.key not in unused], 2) | _length(
        preset, images
    )
    with st.expander("Objective"):
        if preset.config.bottleneck.kind == "gaussian":
            changes |= _row(preset, settings.BETA, 2)
            _curve(preset, changes, "beta")
        changes |= _row(preset, [k for k in settings.CORRUPTION if k.key not in own], 2)
        _objective(preset, changes)
    with st.expander("Learning"):
        changes |= _row(preset, settings.LEARNING[:2], 2)
        _curve(preset, changes, "rate")
        changes |= _row(preset, settings.LEARNING[2:], 2)
    with st.expander("Advanced"):
        changes["name"] = st.text_input(
            "Name",
            max_chars=80,
            key=f"{_tag(preset)}-name",
            help="What the model is called in lists. Two models may share a name.",
            placeholder=f"{preset.title}",
        )
        changes |= _row(preset, settings.LAYERS, 2) | _row(preset, settings.MACHINE, 3)
    return changes


def _length(preset: Preset, images: int) -> dict[str, Any]:
    """Epochs, batch size and learning rate. Until somebody changes the epochs they make as many
    steps as the preset starts with, whatever the batch size."""
    epochs_at, batch_at, rate_at = st.columns(3, gap="small")
    start = preset.config.training
    with batch_at:
        batch = _control(preset, settings.BATCH)
    with rate_at:
        rate = _control(preset, settings.RATE)
    if batch != start.batch_size:
        wanted = epochs_for(steps_per_epoch(images, start) * start.epochs, images, batch)
        config = preset.config.replace(**{settings.EPOCHS.key: wanted})
        preset = dataclasses.replace(preset, config=config)
    with epochs_at:
        epochs = _control(preset, settings.EPOCHS)
    if batch > 0 and epochs > 0:
        per_epoch = math.ceil(images / batch)
        st.caption(
            f"{epochs:,} × {per_epoch:,} = {epochs * per_epoch:,} steps. It sees each of the "
            f"{images:,} training images {settings.times(epochs)}."
        )
    keys = (settings.EPOCHS, settings.BATCH, settings.RATE)
    return dict(zip((knob.key for knob in keys), (epochs, batch, rate), strict=True))


def _so_far(preset: Preset, changes: dict[str, Any], groups: tuple[str, ...]) -> RunConfig | None:
    """The preset with those of the changes that belong to the groups, where they can be."""
    mine = {key: value for key, value in changes.items() if key.startswith(groups)}
    with contextlib.suppress(UserError):
        return preset.config.replace(**mine)
    return None


def _curve(preset: Preset, changes: dict[str, Any], name: str) -> None:
    """What beta or the learning rate will do, drawn beneath its controls."""
    config = _so_far(preset, changes, ("training.", "loss."))
    if config is not None:
        markup(getattr(curves, name)(config), f"aeviz-curve-of-{name}")


def _objective(preset: Preset, changes: dict[str, Any]) -> None:
    config = _so_far(preset, changes, ("loss.", "corruption."))
    if config is not None:
        st.caption("Training minimises, averaged over the images:")
        st.latex(curves.objective(config))


def _row(preset: Preset, knobs: Sequence[Hyperparameter], width: int) -> dict[str, Any]:
    """Controls side by side, so many in a row."""
    changes: dict[str, Any] = {}
    for start in range(0, len(knobs), width):
        row = knobs[start : start + width]
        for column, knob in zip(st.columns(width, gap="small"), row, strict=False):
            with column:
                changes[knob.key] = _control(preset, knob)
    return changes


def _control(preset: Preset, knob: Hyperparameter) -> Any:
    """The widget that suits the setting: words to choose from, a slider, or a number.

    Numbers have no bounds here: RunConfig knows them, and says them in a sentence.
    """
    value, key = value_of(preset.config, knob.key), f"{_tag(preset)}-{knob.key}"
    text = settings.help_of(knob)
    words = settings.usable_words(knob)
    if words:
        words += [value] * (value not in words)  # a link may name one more
        return st.selectbox(
            knob.label,
            words,
            index=words.index(value),
            format_func=lambda word: settings.WORDS.get(word, word.capitalize()),
            key=key,
            help=text,
        )
    if knob.log:
        steps = log_steps(knob.low, knob.high, value)
        return st.select_slider(
            knob.label, steps, value, format_func="{:g}".format, key=key, help=text
        )
    if isinstance(value, int):
        return _number(knob.label, value, 1, "%d", key, text)
    if knob.key in settings.PLAIN:
        return _number(knob.label, value, value / 2 or 0.1, "%g", key, text)
    low, high = float(min(knob.low, value)), float(max(knob.high, value))
    return st.slider(knob.label, low, high, value, 0.01, key=key, help=text)


def _number(
    label: str, start: Any, step: float, form: str, key: str, text: str, **more: Any
) -> Any:
    """A number input. Its value lies in the session's state from the first, because an edit of the
    picture puts one there, too; where it is emptied it stands for its start. Until somebody changes
    it, it follows its start."""
    state, was = st.session_state, f"{key}@start"
    moved = state.get(was) != start  # else nothing is set: it would undo an edit under way
    if key not in state or (moved and state[key] == state.get(was)):
        state[key] = start
    state[was] = start
    value = st.number_input(label, value=None, step=step, format=form, key=key, help=text, **more)
    return start if value is None else value


_STACKS = {"network.channels": "Conv layers", "network.hidden": "Hidden layers"}


def _check_counts(preset: Preset, changes: dict[str, Any]) -> None:
    """UserError where a number of layers is none that a network can have."""
    for key in filter(changes.__contains__, _STACKS):
        count = st.session_state.get(f"{_tag(preset)}-{key}-count") or 0
        if not 0 <= count <= MAX_LAYERS:
            raise UserError(f"“{_STACKS[key]}” must lie between 0 and {MAX_LAYERS}.")


def _layers(preset: Preset, key: str, text: str, each: str) -> list[int]:
    """How many layers, and how wide each of them is."""
    start = value_of(preset.config, key)
    tag = f"{_tag(preset)}-{key}"
    count_at, widths_at = st.columns([1, 3], gap="small")
    with count_at:
        count = _number(_STACKS[key], len(start), 1, "%d", f"{tag}-count", text)
    count = max(0, min(count, MAX_LAYERS))  # `_check_counts` says so where it is another
    widths: list[int] = []
    with widths_at, st.container(horizontal=True, gap="small"):
        for i in range(count):
            width = _number(
                f"{each} {i + 1}" if count > 1 else each,
                start[i] if i < len(start) else _next_width(widths, start),
                16,
                "%d",
                f"{tag}-{i}",
                f"{each} of layer {i + 1}.",
                width=110,
            )
            widths.append(width)
    return widths


def _next_width(widths: list[int], start: tuple[int, ...]) -> int:
    """A further layer starts half as wide as the one before."""
    last = (widths or list(start) or [256])[-1]
    return max(16, last // 2) if widths else last


def _edited(tag: str, kind: str, layers: network.Layers) -> None:
    """Puts what a person made of the picture into the number inputs."""
    state = st.session_state
    state[f"{tag}-{settings.CODE_SIZE.key}"] = layers.code
    stacks = {"network.hidden": layers.hidden}
    if kind == "conv":
        stacks["network.channels"] = layers.channels
    for key, widths in stacks.items():
        state[f"{tag}-{key}-count"] = len(widths)
        for i, width in enumerate(widths):
            state[f"{tag}-{key}-{i}"] = width


def picture(choice: Choice) -> None:
    """The network drawn, to be edited, and what it will cost; or the sentence that says what is
    wrong."""
    start, changes = choice.preset.config, choice.changes
    kind = changes.get("network.kind", start.network.kind)
    layers = network.Layers(
        tuple(changes.get("network.hidden", start.network.hidden)),
        tuple(changes.get("network.channels", start.network.channels)),
        changes.get("bottleneck.latent_dim", start.bottleneck.latent_dim),
    )
    if layers.drawable:
        tag, shape = _tag(choice.preset), datasets.find(changes["dataset"]).image_shape
        facts = _facts(choice.cost, shape, layers.code) if choice.cost else []
        network.picture(kind, shape, layers, facts, lambda edit: _edited(tag, kind, edit))
    if choice.cost is None:
        problem(choice.problem)
        return
    needed = choice.cost.memory
    st.caption(f"{size_in_words(needed.total)} of memory", help=f"For {_shares(needed)}.")
    if choice.cost.steps < FEW_STEPS:
        st.caption(
            f":material/info: Steps of learning in all: {choice.cost.steps:,}. That is too few to "
            "learn much: take smaller batches, or more epochs."
        )


def _facts(cost: Estimate, shape: ImageShape, code: int) -> list[network.Fact]:
    values = "pixels" if shape[0] == 1 else "colour values"
    return [
        ("", count_in_words(cost.parameters), " parameters"),
        ("", f"{code:,}", f" number{'s' * (code != 1)} for {math.prod(shape):,} {values}"),
        ("about ", duration(cost.seconds), f" on {cost.device}"),
    ]


def summary(config: RunConfig, cost: Estimate) -> str:
    """What will be trained, in a line beside the button."""
    what = f"{kind_of(config)} on {data_of(config)}"
    return f"{in_markdown(what, None)}: {cost.steps:,} steps, about {duration(cost.seconds)}"


def _shares(needed: Memory) -> str:
    """What the memory is needed for."""
    return ", ".join(
        f"{name} {size_in_words(size)}"
        for name, size in (
            ("weights", needed.weights),
            ("gradients", needed.gradients),
            ("optimiser", needed.optimiser),
            ("activations of a batch", needed.activations),
            ("a copy of the last good weights", needed.kept),
            ("images", needed.images),
        )
    )


def start(config: RunConfig) -> None:
    """Starts the run, once for a double click, and shows it."""
    said, at = st.session_state.get("train-started", ("", 0.0))
    if said == config.to_json() and time.monotonic() - at < TWICE_SECONDS:
        return
    person.need_owner()
    st.session_state["train-started"] = (config.to_json(), time.monotonic())
    st.query_params.from_dict({"run": spawn.start(config, person.me().owner).id})
    st.rerun()
