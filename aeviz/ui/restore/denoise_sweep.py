"""When it fails: one image at all amounts of noise, and the curve of every model."""

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
from aeviz.ui.restore.denoise_controls import Controls
from aeviz.ui.shared.chart import chart
from aeviz.ui.shared.markup import markup
from aeviz.ui.shared.opened import Opened, open_model

MEASURED, TRAINING_IMAGES = 200, 3000
MIN_IMAGES = 20
"""A smaller gallery has too few images for a measurement."""

FILTER = "median 3×3"
TYPES = ("denoising", "deep", "convolutional", "vae", "linear")
"""The types to compare: of each, the bundled model with the largest code."""

_STEPS = tuple(i / 10 for i in range(11))
_IMAGE = "sweep-image"


def rivals(info: ModelInfo) -> list[ModelInfo]:
    """The model itself and the bundled models for the same kind of image."""
    found: dict[str, ModelInfo] = {}
    for other in library.models():
        same = other.bundled and (other.dataset, other.image_shape) == (
            info.dataset, info.image_shape,
        )  # fmt: skip
        if same and other.type in TYPES:
            largest = max((other, found.get(other.type, other)), key=lambda one: one.latent_dim)
            found[other.type] = largest
    others = [found[kind] for kind in TYPES if kind in found]
    return [info, *(other for other in others if other.name != info.name)]


def at_all_amounts(opened: Opened, noise: Controls) -> None:
    """One image of the gallery with all amounts of noise: noisy above restored."""
    gallery = opened.loaded.gallery
    assert gallery is not None
    turn = st.session_state.setdefault(_IMAGE, 0)
    order = sample(gallery.labels, [], 50, seed=0)
    x = opened.clean([order[turn % len(order)]])
    trials = [run_trial(opened.loaded.model, x, noise.kind, amount, turn) for amount in _STEPS]
    near = min(_STEPS, key=lambda amount: abs(amount - noise.amount))
    cells = []
    for amount, one in zip(_STEPS, trials, strict=True):
        psnr = f"{decibels(one.noisy.psnr[0].item())} → {decibels(one.restored.psnr[0].item())}"
        cells.append(
            f'<div class="av-stack{" av-here" if amount == near else ""}">'
            + frames.picture(one.x_noisy[0], f"noisy, {_percent(amount)}")
            + frames.picture(one.x_hat[0], f"restored, {_percent(amount)}")
            + f'<span><span class="av-caption">{_percent(amount)}</span>'
            f'<span class="av-quiet">{psnr}</span></span></div>'
        )
    markup(
        '<div class="av-stacks av-sweep" style="--rows:2"><div class="av-rows">'
        "<span>noisy</span><span>restored</span>"
        f'<span class="av-quiet">PSNR in dB</span></div>{"".join(cells)}</div>',
        "aeviz-sweep",
    )


def another_image() -> None:
    """A button that shows the next image."""
    if st.button(
        "Another image", icon=":material/casino:", help="Shows the next of 50 test images."
    ):
        st.session_state[_IMAGE] = st.session_state.get(_IMAGE, 0) + 1


def measured(opened: Opened, noise: Controls) -> tuple[Sweep, list[str]]:
    """The curves of the model and its rivals, and their names; the model itself is first."""
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
    # The largest gallery has the most images for the classifier. It never sees measured images.
    largest = max(_models.values(), key=lambda one: len(one.images))
    gallery = largest.loaded.gallery
    assert gallery is not None
    measured = min(MEASURED, len(largest.images) // 2)
    x = largest.images[: measured + TRAINING_IMAGES].float() / 255
    labels = gallery.labels[: len(x)].long()
    restorers: dict[str, Restore] = {name: _restorer(one) for name, one in _models.items()}
    restorers[FILTER] = median
    parts = (x[:measured], labels[:measured], x[measured:], labels[measured:])
    return sweep(restorers, *parts, kind)


def _restorer(opened: Opened) -> Restore:
    model = opened.loaded.model
    return lambda x: torch.cat([reconstruct(model, part) for part in x.split(500)])


def verdict(sweep: Sweep, name: str) -> None:
    """One or two sentences: the amounts of noise at which the model helps."""
    limits, name = sweep.limits(name), in_markdown(name)
    if limits.helps_from is None:
        text = (
            f"The output of **{name}** is never closer to the clean image than the noisy image is."
        )
    elif not limits.helps:
        text = (
            f"**{name}** is better than the noisy image from {_percent(limits.helps_from)} noise, "
            "but then it is already worse than the average image. It does not help against this "
            "noise."
        )
    elif limits.average_from is None:
        text = (
            f"**{name}** helps from {_percent(limits.helps_from)} noise. It stays better than the "
            "average image up to 100 %."
        )
    else:
        text = (
            f"**{name}** helps from {_percent(limits.helps_from)} noise and fails at "
            f"{_percent(limits.average_from)}. Beyond that, the average of all images is closer."
        )
    st.markdown(text)


def charts(sweep: Sweep, names: Sequence[str], noise: Controls) -> None:
    """PSNR and classification accuracy over the amount of noise. The slider's value is marked."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**How close to the clean image** :small[:gray[PSNR]]")
        chart(
            psnr_chart(sweep, names, noise.amount), "aeviz-sweep-psnr",
            "PSNR of each model over the amount of noise; the table below has the limits",
        )  # fmt: skip
    with right:
        st.markdown("**How many a classifier still recognises** :small[:gray[accuracy]]")
        chart(
            read_chart(sweep, names, noise.amount), "aeviz-sweep-read",
            "Share of images that a classifier recognises, over the amount of noise",
        )  # fmt: skip


def table(sweep: Sweep, names: Sequence[str]) -> None:
    """The legend of both charts, and the amounts at which each line crosses a limit."""
    order = [*names, FILTER, NOISY]
    rows = "".join(
        _row(name, line_style(name, names), sweep.limits(name), i == 0)
        for i, name in enumerate(order)
    )
    markup(
        '<table class="av-limits"><thead><tr><th></th><th>better than the noisy image from</th>'
        "<th>✕ no better than the average image from</th>"
        "<th>✕ half are misclassified from</th></tr>"
        "</thead>"
        f"<tbody>{rows}</tbody></table>",
        "aeviz-limits",
    )
    clean = sweep.curves[NOISY].read[0]
    st.caption(
        f"Measured on {sweep.images} test images. The average image is the same output for all of "
        f"them: {sweep.average:.1f} dB. The classifier is a logistic regression on pixels, trained "
        f"with {sweep.voters:,} other clean images. It recognises {_percent(clean)} of the clean "
        "test images."
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
