"""When it gives up: one image at all amounts of noise, and every model's curve over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st
import torch

from aeviz.config import CorruptionKind
from aeviz.escaping import in_markdown
from aeviz.evaluation.evaluate import reconstruct
from aeviz.experiments.denoising_demo import run_trial
from aeviz.experiments.noise_sweep import NOISY, Limits, Restore, Sweep, sweep
from aeviz.figures.denoising import line_style, psnr_chart, read_chart
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.restoration.filters import median
from aeviz.ui.reconstruct import frames
from aeviz.ui.reconstruct.page import decibels
from aeviz.ui.reconstruct.sources import sample
from aeviz.ui.restore.page import Controls
from aeviz.ui.shared.chart import chart
from aeviz.ui.shared.markup import markup
from aeviz.ui.shared.opened import Opened, open_model

MEASURED, VOTERS = 200, 3000
FEWEST = 20
"""A gallery of fewer images is too small to measure on."""

FILTER = "median 3×3"
TYPES = ("denoising", "deep", "convolutional", "vae", "linear")
"""Types that are compared: of each the bundled model with the widest code."""

_STEPS = tuple(i / 10 for i in range(11))
_IMAGE = "sweep-image"


def rivals(info: ModelInfo) -> list[ModelInfo]:
    """The model itself, and the bundled ones of the same kind of image."""
    found: dict[str, ModelInfo] = {}
    for other in library.models():
        same = other.bundled and (other.dataset, other.image_shape) == (
            info.dataset, info.image_shape,
        )  # fmt: skip
        if same and other.type in TYPES:
            widest = max((other, found.get(other.type, other)), key=lambda one: one.latent_dim)
            found[other.type] = widest
    others = [found[kind] for kind in TYPES if kind in found]
    return [info, *(other for other in others if other.name != info.name)]


def at_all_amounts(opened: Opened, noise: Controls) -> None:
    """One image of the gallery, noisy over restored, from no noise to all of it."""
    gallery = opened.loaded.gallery
    assert gallery is not None
    turn = st.session_state.setdefault(_IMAGE, 0)
    order = sample(gallery.labels, [], 50, seed=0)
    x = opened.clean([order[turn % len(order)]])
    trials = [run_trial(opened.loaded.model, x, noise.kind, amount, turn) for amount in _STEPS]
    near = min(_STEPS, key=lambda amount: abs(amount - noise.amount))
    cells = []
    for amount, one in zip(_STEPS, trials, strict=True):
        says = f"{decibels(one.noisy.psnr[0].item())} → {decibels(one.restored.psnr[0].item())}"
        cells.append(
            f'<div class="av-stack{" av-here" if amount == near else ""}">'
            + frames.picture(one.x_noisy[0], f"noisy, {_percent(amount)}")
            + frames.picture(one.x_hat[0], f"restored, {_percent(amount)}")
            + f'<span><span class="av-caption">{_percent(amount)}</span>'
            f'<span class="av-quiet">{says}</span></span></div>'
        )
    markup(
        '<div class="av-stacks av-sweep" style="--rows:2"><div class="av-rows">'
        "<span>noisy</span><span>restored</span>"
        f'<span class="av-quiet">PSNR in dB</span></div>{"".join(cells)}</div>',
        "aeviz-sweep",
    )


def another_image() -> None:
    """A button that takes the next image."""
    if st.button("Another image", icon=":material/casino:", help="The next of fifty test images."):
        st.session_state[_IMAGE] = st.session_state.get(_IMAGE, 0) + 1


def measured(opened: Opened, noise: Controls) -> tuple[Sweep, list[str]]:
    """The curves of the model and its rivals, and their names, the model's own first."""
    models: dict[str, Opened] = {}
    for info in rivals(opened.info):
        models.setdefault(info.called, open_model(info))
    versions = tuple((name, one.info.name, one.version) for name, one in models.items())
    return _sweep(models, versions, noise.kind), list(models)


@st.cache_data(max_entries=32, show_spinner="Measuring every model at every amount of noise")
def _sweep(
    _models: Mapping[str, Opened], versions: tuple[tuple[str, str, int], ...], kind: CorruptionKind
) -> Sweep:
    del versions
    # The largest gallery leaves the most images to train the classifier on; none is measured twice.
    largest = max(_models.values(), key=lambda one: len(one.images))
    gallery = largest.loaded.gallery
    assert gallery is not None
    measured = min(MEASURED, len(largest.images) // 2)
    x = largest.images[: measured + VOTERS].float() / 255
    labels = gallery.labels[: len(x)].long()
    restorers: dict[str, Restore] = {name: _restorer(one) for name, one in _models.items()}
    restorers[FILTER] = median
    parts = (x[:measured], labels[:measured], x[measured:], labels[measured:])
    return sweep(restorers, *parts, kind)


def _restorer(opened: Opened) -> Restore:
    model = opened.loaded.model
    return lambda x: torch.cat([reconstruct(model, part) for part in x.split(500)])


def verdict(sweep: Sweep, name: str) -> None:
    """In a sentence or two: from where to where the model is of use."""
    limits, name = sweep.limits(name), in_markdown(name)
    if limits.helps_from is None:
        text = f"**{name}** is at no amount closer to the clean images than the noisy ones are."
    elif not limits.helps:
        text = (
            f"**{name}** beats the noisy images from {_percent(limits.helps_from)} on, but by then "
            "it is worse than the average image: it is of no use against this noise."
        )
    elif limits.average_from is None:
        text = (
            f"**{name}** helps from {_percent(limits.helps_from)} noise on, and stays better than "
            "the average image to the end."
        )
    else:
        text = (
            f"**{name}** helps from {_percent(limits.helps_from)} noise on and gives up at "
            f"{_percent(limits.average_from)}: beyond that, the average of all images is closer."
        )
    st.markdown(text)


def charts(sweep: Sweep, names: Sequence[str], noise: Controls) -> None:
    """PSNR and the share read right, over the amount of noise; the slider's place is marked."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**How close to the clean image** :small[:gray[PSNR]]")
        chart(
            psnr_chart(sweep, names, noise.amount), "aeviz-sweep-psnr",
            "PSNR of each model over the amount of noise; the table below names where lines cross",
        )  # fmt: skip
    with right:
        st.markdown("**How many are still read right** :small[:gray[by a classifier]]")
        chart(
            read_chart(sweep, names, noise.amount), "aeviz-sweep-read",
            "Share of images read right over the amount of noise; the table below has the limits",
        )  # fmt: skip


def table(sweep: Sweep, names: Sequence[str]) -> None:
    """The key of both charts, and where each line crosses the limits."""
    order = [*names, FILTER, NOISY]
    rows = "".join(
        _row(name, line_style(name, names), sweep.limits(name), i == 0)
        for i, name in enumerate(order)
    )
    markup(
        '<table class="av-limits"><thead><tr><th></th><th>beats the noisy image from</th>'
        "<th>✕ no better than the average image from</th><th>✕ half are read wrong from</th></tr>"
        "</thead>"
        f"<tbody>{rows}</tbody></table>",
        "aeviz-limits",
    )
    clean = sweep.curves[NOISY].read[0]
    st.caption(
        f"Measured on {sweep.images} images that no model was trained on. The average image is "
        f"one and the same answer to all of them: {sweep.average:.1f} dB. The classifier is a "
        f"logistic regression trained on the pixels of {sweep.voters:,} other clean images; "
        f"it reads {_percent(clean)} of the clean ones right."
    )


def _row(name: str, style: tuple[str, str, float], limits: Limits, chosen: bool) -> str:
    colour, dash, width = style
    dashes = {"dot": "2 4", "dash": "7 4", "dashdot": "7 3 2 3", "longdash": "12 4"}.get(dash, "")
    swatch = (
        f'<svg width="34" height="8" aria-hidden="true"><line x1="1" x2="33" y1="4" y2="4" '
        f'stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/></svg>'
    )
    never = "never" if name != NOISY else "–"
    helps = never if limits.helps_from is None else _percent(limits.helps_from)
    ends = (limits.average_from, limits.unread_from)
    cells = [helps, *("not at all" if end is None else _percent(end) for end in ends)]
    return (
        f'<tr class="{"av-chosen" if chosen else ""}"><th>{swatch}{escape(name)}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _percent(amount: float) -> str:
    return f"{100 * amount:.0f} %"
