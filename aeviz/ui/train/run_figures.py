"""What a run has measured, on its page: curves, whether the loss is good, and reconstructions."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.evaluation import baselines
from aeviz.evaluation.baselines import Baseline
from aeviz.figures import training
from aeviz.runs.store import Run, Status
from aeviz.training import snapshots
from aeviz.ui.reconstruct.frames import data_uri
from aeviz.ui.shared.chart import chart
from aeviz.ui.shared.markup import markup
from aeviz.ui.train import diagnostics, replay
from aeviz.ui.train.losses import AFTER, UNITS, excuse, named, summed
from aeviz.ui.train.verdict import advice, verdict

ROWS = 12
"""How many epochs of reconstructions are on the page."""


def draw(run: Run, status: Status, config: RunConfig, active: bool) -> None:
    """The player, the curves, the diagnostics, and the same eight images after each epoch."""
    rows = run.metrics()
    paths = run.snapshots()
    shown = readable([*paths[:1], *paths[1:][-ROWS:]])
    if shown:
        unit = AFTER[config.loss.reconstruction]
        replay.player(run, config, paths, shown[-1], rows, unit, active)
    steps = steps_per_epoch(rows, status, config)
    if rows and steps:
        found = baselines.read(run.folder / "baselines.json", config)
        _curves(rows, steps, config, found, over=status.phase in ("done", "stopped"))
    if shown:
        diagnostics.draw(shown[-1], config)
        st.markdown("**Validation images and their reconstructions after each epoch**")
        markup(epochs_html(shown), "aeviz-epochs")
    elif paths:
        raise UserError("The snapshots of this run cannot be read. Its model is not affected.")


def steps_per_epoch(rows: Sequence[dict[str, Any]], status: Status, config: RunConfig) -> float:
    """Steps in each of the run's complete epochs; before the first is complete, the planned number.
    0 if neither is known."""
    for row in reversed(rows):
        if "validation" in row:
            return float(row["step"] / row["epoch"])
    return status.steps / config.training.epochs


def readable(paths: Sequence[Path]) -> list[snapshots.Snapshot]:
    """The snapshots that can be read. A long run deletes some of them while it trains."""
    found = []
    for path in paths:
        with contextlib.suppress(UserError):
            found.append(_snapshot(str(path), snapshots.stamp(path)))
    return found


@st.cache_data(max_entries=400, show_spinner=False)
def _snapshot(path: str, version: str) -> snapshots.Snapshot:
    del version  # only part of the cache key
    return snapshots.read(Path(path))


def _curves(
    rows: Sequence[dict[str, Any]],
    steps_per_epoch: float,
    config: RunConfig,
    found: Sequence[Baseline],
    over: bool,
) -> None:
    unit = UNITS[config.loss.reconstruction]
    terms = [("recon", f"Reconstruction ({unit})")]
    if config.bottleneck.kind == "gaussian":
        terms.append(("kl", "KL to the prior (nats per image)"))
    if config.loss.penalty != "none":
        terms.append(("penalty", "Penalty (before multiplication by λ)"))
    for column, (term, text) in zip(st.columns(len(terms), gap="medium"), terms, strict=True):
        column.markdown(f"**{text}**")
        with column:
            figure = training.curve(rows, term, steps_per_epoch, found)
            chart(figure, f"aeviz-curve-{term}", f"{text} over epochs, training and validation")
            if term == "recon":
                _judge(rows, found, config, over)


def _judge(
    rows: Sequence[dict[str, Any]], found: Sequence[Baseline], config: RunConfig, over: bool
) -> None:
    """Whether the loss is good, in words; after the training, also whether more would help."""
    measured = [
        row["validation"] for row in rows if {"loss", "recon"} <= {*row.get("validation", ())}
    ]
    if not found or not measured:
        return
    best = config.training.patience > 0  # early stopping keeps the best epoch
    terms = min(measured, key=lambda terms: terms["loss"]) if best else measured[-1]
    error, unit = named(config)
    text = verdict(terms, found, error, unit, excuse(config))
    if config.bottleneck.kind == "gaussian" or config.loss.penalty != "none":
        text += f" The whole loss is {summed(terms, config)}."
    if over and (more := advice([terms["loss"] for terms in measured])):
        text = f"{text} {more}"
    st.markdown(
        f"**Is this good?** {text}",
        help="\n\n".join(explained(baseline) for baseline in found),
    )


def explained(baseline: Baseline) -> str:
    """A baseline's sentence and its source."""
    source = f" *{baseline.source}*" if baseline.source else ""
    return f"{baseline.sentence}{source}"


def epochs_html(shown: Sequence[snapshots.Snapshot]) -> str:
    """Originals, the network's noisy inputs if there are any, and reconstructions, newest first."""
    newest = shown[-1]
    rows = [("original", newest.x, True)]
    if not np.array_equal(newest.x, newest.x_in):
        rows.append(("with noise", newest.x_in, True))
    html = "".join(_images_row(*row) for row in rows) + "<hr>"
    for snapshot in reversed(shown):
        label = f"epoch {snapshot.epoch}" if snapshot.epoch else "untrained"
        html += _images_row(label, snapshot.x_hat, snapshot is newest)
    return f'<div class="av-epochs">{html}</div>'


def _images_row(label: str, images: NDArray[np.uint8], strong: bool) -> str:
    kind = ' class="av-strong"' if strong else ""
    return f'<span{kind}>{label}</span><img src="{data_uri(strip(images))}" alt="{label}">'


def strip(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (N, C, H, W) side by side as one RGBA image, with a transparent pixel between."""
    n, _, h, w = images.shape
    row = np.zeros((h, n, w + 1, 4), np.uint8)
    row[:, :, :w, :3] = np.broadcast_to(images, (n, 3, h, w)).transpose(2, 0, 3, 1)
    row[:, :, :w, 3] = 255
    return row.reshape(h, n * (w + 1), 4)[:, :-1]
