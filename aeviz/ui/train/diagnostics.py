"""Diagnostics of the newest epoch, below its reconstructions. They depend on the type."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from aeviz.config import LossConfig, RunConfig
from aeviz.evaluation.diagnostics import Diagnostics, active_dimensions
from aeviz.figures import diagnostics as plots
from aeviz.training.snapshots import Snapshot
from aeviz.ui.reconstruct.frames import data_uri
from aeviz.ui.shared.chart import chart
from aeviz.ui.shared.markup import markup

MAX_NAMED = 8
"""Dimensions that a sentence lists by name."""


def draw(snapshot: Snapshot, config: RunConfig) -> None:
    """The diagnostics in this snapshot. A snapshot of an older version has none."""
    stored = snapshot.diagnostics.items()
    found = Diagnostics.of({name: torch.from_numpy(value) for name, value in stored})
    parts: list[Callable[[], None]] = []
    if found.kl is not None and found.variance is not None:
        parts.append(lambda: _kl(found, config.loss))
    if found.histogram is not None and found.bounds is not None and found.active is not None:
        parts.append(lambda: _activations(found, config.bottleneck.latent_dim))
    if found.singular_values is not None:
        parts.append(lambda: _spectrum(found))
    if found.filters is not None:
        parts.append(lambda: _filters(found, config.network.kind))
    if not parts:
        return
    for column, part in zip(st.columns(len(parts), gap="medium"), parts, strict=True):
        with column:
            part()


def _kl(found: Diagnostics, loss: LossConfig) -> None:
    assert found.kl is not None
    assert found.variance is not None
    active = active_dimensions(found.variance).tolist()
    st.markdown(
        f"**KL of each dimension (nats)** · {sum(active)} of {len(active)} active",
        help="A dimension is active if its mean changes from image to image: its variance is above "
        "0.01 (Burda et al. 2016).",
    )
    label = "KL of each dimension of the code, active and inactive"
    chart(plots.kl_bars(found.kl.tolist(), active), "aeviz-kl-bars", label)
    message = collapse_message(active, loss.beta, loss.warmup)
    if 2 * sum(active) <= len(active):
        st.warning(message, icon=":material/warning:")
    elif message:
        st.caption(message)


def collapse_message(active: Sequence[bool], beta: float, warmup: float = 0.0) -> str:
    """An explanation of inactive dimensions, and what to try; "" if all are active.

    `beta`: the KL's weight in the settings; `warmup`: the share of training over which it rises.
    """
    inactive = [i for i, on in enumerate(active) if not on]
    if not inactive:
        return ""
    d = len(active)
    if len(inactive) == d:
        finding = (
            "**The posterior has collapsed.** No dimension of the code carries information: the "
            "encoder gives every image the same code, so the decoder draws the same image for all."
        )
    elif 2 * len(inactive) >= d:
        finding = (
            f"**Much of the posterior has collapsed.** {len(inactive)} of {d} dimensions carry no "
            f"information ({_names(inactive)}): there the encoder returns the prior for every "
            "image."
        )
    else:
        verb = "carries" if len(inactive) == 1 else "carry"
        return (
            f"{len(inactive)} of {d} dimensions {verb} no information ({_names(inactive)}). A VAE "
            "does not use a dimension that costs more KL than it gains in reconstruction. This is "
            "only a problem if the images are blurred."
        )
    advice = [f"a smaller beta (it is {beta:g})"]
    if not warmup:
        advice.append("a warm-up, in which beta rises from 0")
    advice.append("free bits, so that the first nats of a dimension cost nothing")
    return f"{finding} Try {', '.join(advice[:-1])}, or {advice[-1]}."


def _names(dimensions: Sequence[int]) -> str:
    names = [f"z{i}" for i in dimensions[:MAX_NAMED]]
    more = len(dimensions) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _activations(found: Diagnostics, units: int) -> None:
    assert found.histogram is not None
    assert found.bounds is not None
    assert found.active is not None
    share, never = found.active.tolist()
    st.markdown("**Activations of the code** (counts, logarithmic)")
    low, high = found.bounds.tolist()
    label = "Histogram of the code's activations over validation images"
    chart(plots.activations(found.histogram.tolist(), low, high), "aeviz-activations", label)
    st.caption(
        f"{share:.0%} of activations are above 0. {never:.0f} of {units} units are always 0."
    )


def _spectrum(found: Diagnostics) -> None:
    assert found.singular_values is not None
    st.markdown(
        "**Singular values of the encoder's Jacobian**",
        help="How much the code changes with the image, in the strongest direction first. Mean "
        "over validation images (Rifai et al. 2011).",
    )
    label = "Singular values of the encoder's Jacobian, largest first"
    chart(plots.spectrum(found.singular_values.tolist()), "aeviz-spectrum", label)
    st.caption("If only a few are large, the code follows a few directions and ignores the others.")


def _filters(found: Diagnostics, kind: str) -> None:
    assert found.filters is not None
    st.markdown("**What the first layer looks for**")
    sheet = filters_sheet(found.filters.float().numpy())
    image = f'<img src="{data_uri(sheet)}" alt="Filters of the first layer">'
    markup(f'<div class="av-filters">{image}</div>', "aeviz-filters")
    of = "first kernels" if kind == "conv" else "first units"
    st.caption(f"Weights of the {of}, each scaled by itself. Bright is positive, dark is negative.")


def filters_sheet(filters: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Filters (F, C, h, w) in a grid, RGBA with a clear gap; grey is 0, and a filter's largest
    weight is white or black. If there are not one or three channels, their mean is drawn."""
    count, channels, h, w = filters.shape
    if channels not in (1, 3):
        filters = filters.mean(1, keepdims=True)
    filters = np.nan_to_num(filters, posinf=0, neginf=0)
    largest = np.abs(filters).max((1, 2, 3), keepdims=True)
    grey = 127.5 * (1 + filters / np.where(largest > 0, largest, 1))
    shades = np.rint(np.broadcast_to(grey, (count, 3, h, w))).astype(np.uint8)
    columns = max(1, math.ceil(math.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.zeros((rows * (h + 1) - 1, columns * (w + 1) - 1, 4), np.uint8)
    for i, shade in enumerate(shades):
        top, left = i // columns * (h + 1), i % columns * (w + 1)
        sheet[top : top + h, left : left + w, :3] = shade.transpose(1, 2, 0)
        sheet[top : top + h, left : left + w, 3] = 255
    return sheet
