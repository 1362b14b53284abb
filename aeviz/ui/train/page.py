"""The Train page's settings: from a preset and a person's changes to a RunConfig, and its start."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.presets.autoencoders import AMOUNT, NOISE, PRESETS, Preset
from aeviz.presets.defaults import epochs_for
from aeviz.runs import spawn
from aeviz.runs.estimate import Estimate, estimate
from aeviz.training.state import steps_per_epoch
from aeviz.ui.shared import person
from aeviz.ui.shared.markup import markup
from aeviz.ui.train import curves, own_data_sets, own_images, settings, widgets
from aeviz.ui.train.link import key_prefix, preset_for
from aeviz.wording import times

DOUBLE_CLICK_SECONDS = 4.0
"""A second click on Train within this time, with the same settings, starts no second run."""


@dataclass(frozen=True)
class Choice:
    """The settings on the page: a configuration and its cost, or the problem with them.
    `changes`: the settings by dotted key, as far as they are known."""

    preset: Preset
    config: RunConfig | None
    cost: Estimate | None
    changes: dict[str, Any]
    problem: UserError | None = None


def controls() -> Choice:
    """All settings of a new run. Each type keeps its own; they start from its preset or a link."""
    left, right = st.columns(2, gap="small")
    with right:
        name = st.selectbox(
            "Type",
            list(PRESETS),
            format_func=lambda key: PRESETS[key].title,
            key="train-type",
            on_change=_follow_preset,
            help="The type of autoencoder. It fills in all settings below. You can change each.",
        )
    with left:
        source = _dataset()
    preset = preset_for(name, source)
    if source.own:
        own_data_sets.about(source)
    changes: dict[str, Any] = {"dataset": source.name}
    try:
        changes |= _network(preset)
        changes |= _learning(preset, source.counts[0])
        widgets.check_layer_counts(preset, changes)
        config = preset.config.replace(**changes)
        return Choice(preset, config, estimate(config), changes)
    except UserError as error:
        return Choice(preset, None, None, changes, error)


def _dataset() -> datasets.Source:
    own_images.settle()
    sources = datasets.table()
    if st.session_state.get("train-dataset", datasets.DEFAULT) not in sources:  # it was removed
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
        help="The images that the network learns from. Some are downloaded once, before training.",
    )
    source = sources[name]
    st.caption(source.description)
    own_images.button()
    return source


def _follow_preset() -> None:
    """Chooses the data set of a type that is made for one."""
    wanted = PRESETS[st.session_state["train-type"]].config.dataset
    if wanted != datasets.DEFAULT:
        st.session_state["train-dataset"] = wanted


def _network(preset: Preset) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    kind_at, code_at = st.columns(2, gap="small")
    with kind_at:
        kind = changes["network.kind"] = widgets.control(preset, settings.KIND)
    with code_at:
        changes["bottleneck.latent_dim"] = widgets.control(preset, settings.CODE_SIZE)
    if kind == "conv":
        changes["network.channels"] = widgets.layers(
            preset, "network.channels", "Each layer halves the image's sides.", "Channels"
        )
    changes["network.hidden"] = widgets.layers(
        preset,
        "network.hidden",
        "Dense layers between the image and the code. The decoder mirrors them."
        if kind == "dense"
        else "Dense layers between the last convolution and the code.",
        "Nodes",
    )
    return changes


def _learning(preset: Preset, images: int) -> dict[str, Any]:
    own = [setting.key for setting in preset.hyperparameters]
    changes = widgets.row(preset, (settings.LOSS, *preset.hyperparameters[:1]), 2)
    unused = {AMOUNT.key} if changes.get(NOISE.key) == "mixed" else set()
    others = [setting for setting in preset.hyperparameters[1:] if setting.key not in unused]
    changes |= widgets.row(preset, others, 2) | _length(preset, images)
    with st.expander("Objective"):
        if preset.config.bottleneck.kind == "gaussian":
            changes |= widgets.row(preset, settings.BETA, 2)
            _curve(preset, changes, "beta")
        corruption = [setting for setting in settings.CORRUPTION if setting.key not in own]
        changes |= widgets.row(preset, corruption, 2)
        _objective(preset, changes)
    with st.expander("Learning"):
        changes |= widgets.row(preset, settings.LEARNING[:2], 2)
        _curve(preset, changes, "rate")
        changes |= widgets.row(preset, settings.LEARNING[2:], 2)
    with st.expander("Advanced"):
        changes["name"] = st.text_input(
            "Name",
            max_chars=80,
            key=f"{key_prefix(preset)}-name",
            help="The name of the model in lists. Two models may have the same name.",
            placeholder=f"{preset.title}",
        )
        changes |= widgets.row(preset, settings.LAYERS, 2)
        changes |= widgets.row(preset, settings.MACHINE, 3)
    return changes


def _length(preset: Preset, images: int) -> dict[str, Any]:
    """Epochs, batch size and learning rate. Until a person changes the epochs, they follow the
    batch size, so that the number of steps stays that of the preset."""
    epochs_at, batch_at, rate_at = st.columns(3, gap="small")
    start = preset.config.training
    with batch_at:
        batch = widgets.control(preset, settings.BATCH)
    with rate_at:
        rate = widgets.control(preset, settings.RATE)
    if batch != start.batch_size:
        wanted = epochs_for(steps_per_epoch(images, start) * start.epochs, images, batch)
        config = preset.config.replace(**{settings.EPOCHS.key: wanted})
        preset = dataclasses.replace(preset, config=config)
    with epochs_at:
        epochs = widgets.control(preset, settings.EPOCHS)
    if batch > 0 and epochs > 0:
        per_epoch = math.ceil(images / batch)
        st.caption(
            f"{epochs:,} × {per_epoch:,} = {epochs * per_epoch:,} steps. The network sees each of "
            f"the {images:,} training images {times(epochs)}."
        )
    keys = (settings.EPOCHS, settings.BATCH, settings.RATE)
    return dict(zip((setting.key for setting in keys), (epochs, batch, rate), strict=True))


def _so_far(preset: Preset, changes: dict[str, Any], groups: tuple[str, ...]) -> RunConfig | None:
    """The preset with the changes in these groups of settings; None if they are not valid."""
    chosen = {key: value for key, value in changes.items() if key.startswith(groups)}
    with contextlib.suppress(UserError):
        return preset.config.replace(**chosen)
    return None


def _curve(preset: Preset, changes: dict[str, Any], name: str) -> None:
    """How beta or the learning rate will change, drawn beneath its controls."""
    config = _so_far(preset, changes, ("training.", "loss."))
    if config is not None:
        markup(getattr(curves, name)(config), f"aeviz-curve-of-{name}")


def _objective(preset: Preset, changes: dict[str, Any]) -> None:
    config = _so_far(preset, changes, ("loss.", "corruption."))
    if config is not None:
        st.caption("Training minimises the mean over all images of:")
        st.latex(curves.objective(config))


def start(config: RunConfig) -> None:
    """Starts the run and shows it. A double click starts one run."""
    before, at = st.session_state.get("train-started", ("", 0.0))
    if before == config.to_json() and time.monotonic() - at < DOUBLE_CLICK_SECONDS:
        return
    person.need_owner()
    st.session_state["train-started"] = (config.to_json(), time.monotonic())
    st.query_params.from_dict({"run": spawn.start(config, person.me().owner).id})
    st.rerun()
