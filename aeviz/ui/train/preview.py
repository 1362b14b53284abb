"""The network of a new run as a picture that can be edited, and what training it costs."""

from __future__ import annotations

import math

import streamlit as st

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.escaping import in_markdown
from aeviz.nn.networks import ImageShape
from aeviz.presets.autoencoders import data_of, kind_of
from aeviz.runs.estimate import Estimate, Memory
from aeviz.ui.shared import problems
from aeviz.ui.train import network
from aeviz.ui.train.link import key_prefix
from aeviz.ui.train.page import Choice
from aeviz.ui.train.widgets import set_layers
from aeviz.wording import file_size, plural, rough_duration, short_count

MIN_STEPS = 200
"""With fewer steps, at the usual learning rates, a network hardly learns anything."""


def picture(choice: Choice) -> None:
    """The network and its cost, or what is wrong with the settings."""
    start, changes = choice.preset.config, choice.changes
    kind = changes.get("network.kind", start.network.kind)
    layers = network.Layers(
        tuple(changes.get("network.hidden", start.network.hidden)),
        tuple(changes.get("network.channels", start.network.channels)),
        changes.get("bottleneck.latent_dim", start.bottleneck.latent_dim),
    )
    if layers.drawable:
        prefix, shape = key_prefix(choice.preset), datasets.find(changes["dataset"]).image_shape
        facts = _facts(choice.cost, shape, layers.code) if choice.cost else []
        network.picture(kind, shape, layers, facts, lambda edit: set_layers(prefix, kind, edit))
    if choice.problem is not None:
        problems.show(choice.problem)
    if choice.cost is None:
        return
    needed = choice.cost.memory
    st.caption(f"{file_size(needed.total)} of memory", help=f"For {_shares(needed)}.")
    if choice.cost.steps < MIN_STEPS:
        st.caption(
            f":material/info: Only {plural(choice.cost.steps, 'training step')} in total. "
            "Try smaller batches or more epochs."
        )


def summary(config: RunConfig, cost: Estimate) -> str:
    """What the Train button trains, in one line."""
    what = f"{kind_of(config)} on {data_of(config)}"
    return f"{in_markdown(what, None)}: {cost.steps:,} steps, about {rough_duration(cost.seconds)}"


def _facts(cost: Estimate, shape: ImageShape, code: int) -> list[network.Fact]:
    values = "pixels" if shape[0] == 1 else "colour values"
    return [
        ("", short_count(cost.parameters), " parameters"),
        ("", f"{code:,}", f" number{'s' * (code != 1)} for {math.prod(shape):,} {values}"),
        ("about ", rough_duration(cost.seconds), f" on {cost.device}"),
    ]


def _shares(needed: Memory) -> str:
    """What the memory is needed for."""
    return ", ".join(
        f"{name} {file_size(size)}"
        for name, size in (
            ("weights", needed.weights),
            ("gradients", needed.gradients),
            ("optimiser", needed.optimiser),
            ("activations of a batch", needed.activations),
            ("a copy of the last good weights", needed.kept),
            ("images", needed.images),
        )
    )
