"""A run as it is on the disk: followed while it trains, and what it left when it is over."""

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
from aeviz.escaping import in_markdown
from aeviz.evaluation import baselines
from aeviz.evaluation.baselines import Baseline
from aeviz.figures import training
from aeviz.identity import Person
from aeviz.io.json_file import is_number
from aeviz.models import checkpoint, library
from aeviz.presets.autoencoders import title
from aeviz.runs import listing, manage, maps, queue, store, wait_time
from aeviz.runs.store import Run, Status
from aeviz.training import snapshots
from aeviz.ui.reconstruct.frames import data_uri
from aeviz.ui.runs import actions
from aeviz.ui.shared import person
from aeviz.ui.shared.chart import chart
from aeviz.ui.shared.markup import markup
from aeviz.ui.train import diagnostics, export, replay
from aeviz.ui.train.losses import AFTER, UNITS, excuse, named, summed
from aeviz.ui.train.page import sentence
from aeviz.ui.train.settings import duration
from aeviz.wording import clock, place_in_queue, soon

EVERY_SECONDS = 1.0
ROWS = 12
"""Epochs whose reconstructions are on the page."""


def watch(run: Run) -> None:
    """The run, refreshed by itself while it goes on."""
    active = not run.is_over
    st.fragment(_watch, run_every=EVERY_SECONDS if active else None)(run, active)


def _watch(run: Run, active: bool) -> None:
    with sentence():
        status, config, me = run.status, run.config, person.me()
        if active and status.phase in store.OVER:
            st.rerun()  # the whole page: lists and buttons change now
        st.subheader(in_markdown(run.name or title(config)), anchor=False)
        if not me.owns(run.owner):
            st.caption(f":material/person: Started by {in_markdown(person.whose(run.owner, me))}")
        if status.note:
            st.caption(f":material/memory: {in_markdown(status.note, None)}")
        if active:
            _progress(run, status, config, me)
        else:
            _result(run, status, config, me)
        _pictures(run, status, config, active)


def _progress(run: Run, status: Status, config: RunConfig, me: Person) -> None:
    left, right = st.columns([6, 1], vertical_alignment="bottom", gap="medium")
    share = status.step / status.steps if status.steps else 0.0
    left.progress(min(share, 1.0), text=in_markdown(progress_text(run, status, config), None))
    stopping = run.stop_requested
    if me.may_manage(run.owner) and right.button(
        "Stopping" if stopping else "Stop",
        icon=":material/stop_circle:",
        disabled=stopping,
        key=f"stop-{run.id}",
        help="Ends the training and keeps what was reached.",
        width="stretch",
    ):
        manage.stop(run, me)
        st.rerun()
    with st.container():  # there all along, so that what follows keeps its place on the page
        if status.phase == "queued" and queue.place(run) is not None:
            _meanwhile(config)


def _meanwhile(config: RunConfig) -> None:
    """What to look at while a run waits."""
    model = library.bundled_like(config)
    if model is not None:
        st.page_link(
            "explore.py",
            label=f"While you wait, explore {model.name}",
            icon=":material/explore:",
            query_params={"model": model.name},
        )


def progress_text(run: Run, status: Status, config: RunConfig) -> str:
    """Where it stands, in one line."""
    if status.phase == "queued":
        number = queue.place(run)
        if number is None:
            return "Starting"
        text = f"Waiting for its turn: {place_in_queue(number)} in the queue"
        seconds = wait_time.until_turns(listing.rows()).get(run.id)
        return text if seconds is None else f"{text} · starts {soon(seconds)}"
    if status.phase == "finishing":
        return status.message or "Measuring on the test images"
    if not status.images_per_second:
        return status.message or "Starting"
    epochs = config.training.epochs
    text = f"epoch {min(status.epoch + 1, epochs)} of {epochs}"
    text += f" · {status.images_per_second:,.0f} images/s"
    if status.precision:
        text += f" in {status.precision}"
    if status.seconds_left is not None:
        text += f" · {clock(status.seconds_left)} left"
    return text


def _result(run: Run, status: Status, config: RunConfig, me: Person) -> None:
    message = in_markdown(status.message, None)
    if status.phase == "failed":
        st.error(message, icon=":material/error:")
    elif status.phase == "stopped":
        st.info(message, icon=":material/stop_circle:")
    elif message:
        st.info(message, icon=":material/hourglass_bottom:")
    if run.model_path.is_file():
        card = checkpoint.read_summary(run.model_path).card
        markup(f'<div class="av-facts">{_facts(card, config)}</div>', "aeviz-result")
        if maps.asked(run):
            maps.begin()
            st.fragment(_map_to_come, run_every=2 * EVERY_SECONDS)(run)
    with sentence(), st.container(horizontal=True, vertical_alignment="center"):
        if run.model_path.is_file():
            for page, label, icon in (
                ("explore.py", "Explore it", "explore"),
                ("reconstruct.py", "Reconstruct with it", "compare"),
            ):
                st.page_link(
                    page,
                    label=label,
                    icon=f":material/{icon}:",
                    query_params={"model": run.id},
                )
            st.download_button(
                "Download the model",
                run.model_path.read_bytes,
                f"{run.id}.safetensors",
                "application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
            )
            export.menu(run)
        if me.may_manage(run.owner) and actions.go_on(run, status, config, me):
            st.rerun()


def _map_to_come(run: Run) -> None:
    """What is said of a model whose t-SNE and UMAP maps are being laid out."""
    if not maps.asked(run):
        st.rerun()
    done = maps.share(run)
    state = "are laid out next" if done is None else f"are being laid out ({done:.0%})"
    st.caption(
        f":material/map: Its t-SNE and UMAP maps {state}. Until then, Explore shows the PCA map."
    )


def _facts(card: dict[str, Any], config: RunConfig) -> str:
    """The finished model's figures on the test images."""
    metrics, count = card.get("metrics", {}), card.get("test_images")
    parts = []
    if whole := summed(metrics, config):
        images = f"{count:,} test images" if isinstance(count, int) else "test images"
        parts = [
            f"<span>On {images}, kept for the end:</span>",
            f"<span>loss <b>{whole}</b></span>",
        ]
    parts += [
        f"<span>{label} <b>{metrics[key]:{form}}</b>{after}</span>"
        for key, label, after, form in (
            ("mse", "MSE per pixel", "", ".4f"),
            ("psnr", "PSNR", " dB", ".1f"),
            ("knn_accuracy", "kNN accuracy", " by code", ".0%"),
            ("knn_accuracy_pixels", "", " by raw pixels", ".0%"),
        )
        if is_number(metrics.get(key))
    ]
    epochs, seconds = card.get("epochs"), card.get("seconds")
    if isinstance(epochs, int) and is_number(seconds):
        text = f"<b>{epochs}</b> epoch{'s' * (epochs != 1)} in {duration(seconds)}"
        if card.get("precision") in ("fp32", "bf16"):
            text += f", trained in {card['precision']}"
        parts.append(f"<span>{text}</span>")
    return "".join(parts)


def _pictures(run: Run, status: Status, config: RunConfig, active: bool) -> None:
    """The player, curves, and the same eight images after each epoch."""
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
        st.markdown("**The same validation images, from untrained to the newest epoch**")
        markup(epochs_html(shown), "aeviz-epochs")
    elif paths:
        raise UserError("The snapshots of this run cannot be read. What it learnt is not affected.")


def steps_per_epoch(rows: Sequence[dict[str, Any]], status: Status, config: RunConfig) -> float:
    """As its whole epochs had them, also where it waits to go on; before the first is over, as they
    are planned. 0 where nothing is known."""
    for row in reversed(rows):
        if "validation" in row:
            return float(row["step"] / row["epoch"])
    return status.steps / config.training.epochs


def readable(paths: Sequence[Path]) -> list[snapshots.Snapshot]:
    """Those that are whole; a long run drops some of them while it goes on."""
    found = []
    for path in paths:
        with contextlib.suppress(UserError):
            found.append(_snapshot(str(path), snapshots.stamp(path)))
    return found


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
        terms.append(("penalty", "Penalty (not yet multiplied by λ)"))
    for column, (term, text) in zip(st.columns(len(terms), gap="medium"), terms, strict=True):
        column.markdown(f"**{text}**")
        with column:
            figure = training.curve(rows, term, steps_per_epoch, found)
            chart(figure, f"aeviz-curve-{term}", f"{text} over epochs, training and validation")
            if term == "recon":
                _answer(rows, found, config, over)


def _answer(
    rows: Sequence[dict[str, Any]], found: Sequence[Baseline], config: RunConfig, over: bool
) -> None:
    """Whether the loss is good, in words; where the training is over, whether more would help."""
    reached = [
        row["validation"] for row in rows if {"loss", "recon"} <= {*row.get("validation", ())}
    ]
    if not found or not reached:
        return
    best = config.training.patience > 0  # early stopping keeps that epoch
    terms = min(reached, key=lambda terms: terms["loss"]) if best else reached[-1]
    error, unit = named(config)
    text = baselines.answer(terms, found, error, unit, excuse(config))
    if config.bottleneck.kind == "gaussian" or config.loss.penalty != "none":
        text += f" The whole loss is {summed(terms, config)}."
    if over and (more := baselines.prospect([terms["loss"] for terms in reached])):
        text = f"{text} {more}"
    st.markdown(
        f"**Is this good?** {text}",
        help="\n\n".join(explained(baseline) for baseline in found),
    )


def explained(baseline: Baseline) -> str:
    """A baseline's sentence and where it comes from."""
    source = f" *{baseline.source}*" if baseline.source else ""
    return f"{baseline.sentence}{source}"


def epochs_html(shown: Sequence[snapshots.Snapshot]) -> str:
    """Originals, what the network saw of them, then its reconstructions, newest epoch first."""
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
    """Images (N, C, H, W) side by side as one RGBA image, with a clear gap of a pixel between."""
    n, _, h, w = images.shape
    row = np.zeros((h, n, w + 1, 4), np.uint8)
    row[:, :, :w, :3] = np.broadcast_to(images, (n, 3, h, w)).transpose(2, 0, 3, 1)
    row[:, :, :w, 3] = 255
    return row.reshape(h, n * (w + 1), 4)[:, :-1]


@st.cache_data(max_entries=400, show_spinner=False)
def _snapshot(path: str, version: str) -> snapshots.Snapshot:
    del version  # part of the cache's key only
    return snapshots.read(Path(path))
