"""A run on the Train page: its progress while it trains, and its results when it is over."""

from __future__ import annotations

from typing import Any

import streamlit as st

from aeviz.config import RunConfig
from aeviz.escaping import in_markdown
from aeviz.identity import Person
from aeviz.io.json_file import is_number
from aeviz.models import checkpoint, library
from aeviz.presets.autoencoders import title
from aeviz.runs import listing, manage, maps, queue, store, wait_time
from aeviz.runs.store import Run, Status
from aeviz.ui.runs import actions
from aeviz.ui.shared import person, problems
from aeviz.ui.shared.markup import markup
from aeviz.ui.train import export, run_figures
from aeviz.ui.train.losses import summed
from aeviz.wording import clock, place_in_queue, rough_duration, soon

EVERY_SECONDS = 1.0


def watch(run: Run) -> None:
    """Shows the run. It refreshes itself while the run trains."""
    active = not run.is_over
    st.fragment(_watch, run_every=EVERY_SECONDS if active else None)(run, active)


def _watch(run: Run, active: bool) -> None:
    with problems.shown():
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
        run_figures.draw(run, status, config, active)


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
        help="Ends the training and keeps the model as it is now.",
        width="stretch",
    ):
        manage.stop(run, me)
        st.rerun()
    with st.container():  # always there, so that what follows does not move on the page
        if status.phase == "queued" and queue.place(run) is not None:
            _meanwhile(config)


def _meanwhile(config: RunConfig) -> None:
    """A link to a similar model that is ready, while the run waits."""
    model = library.bundled_like(config)
    if model is not None:
        st.page_link(
            "explore.py",
            label=f"While you wait, explore {model.name}",
            icon=":material/explore:",
            query_params={"model": model.name},
        )


def progress_text(run: Run, status: Status, config: RunConfig) -> str:
    """The state of the run in one line."""
    if status.phase == "queued":
        number = queue.place(run)
        if number is None:
            return "Starting"
        text = f"Waiting for its turn: {place_in_queue(number)} in the queue"
        seconds = wait_time.seconds_until_turns(listing.rows()).get(run.id)
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
        if maps.is_requested(run):
            maps.start()
            st.fragment(_map_progress, run_every=2 * EVERY_SECONDS)(run)
    with problems.shown(), st.container(horizontal=True, vertical_alignment="center"):
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
        if me.may_manage(run.owner) and actions.continue_buttons(run, status, config, me):
            st.rerun()


def _map_progress(run: Run) -> None:
    """The progress of the model's t-SNE and UMAP maps."""
    if not maps.is_requested(run):
        st.rerun()
    done = maps.share_done(run)
    state = "are next in line" if done is None else f"are being calculated ({done:.0%})"
    st.caption(
        f":material/map: The t-SNE and UMAP maps {state}. Until then, Explore shows the PCA map."
    )


def _facts(card: dict[str, Any], config: RunConfig) -> str:
    """The finished model's figures on the test images."""
    metrics, count = card.get("metrics", {}), card.get("test_images")
    parts = []
    if whole := summed(metrics, config):
        images = f"{count:,} test images" if isinstance(count, int) else "test images"
        parts = [
            f"<span>On {images} that it did not learn from:</span>",
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
        text = f"<b>{epochs:,}</b> epoch{'s' * (epochs != 1)} in {rough_duration(seconds)}"
        if card.get("precision") in ("fp32", "bf16"):
            text += f", trained in {card['precision']}"
        parts.append(f"<span>{text}</span>")
    return "".join(parts)
