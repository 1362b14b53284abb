"""The runs on the disk as a list, and the way in for a model file."""

from __future__ import annotations

import time

import streamlit as st

from aeviz import library
from aeviz.errors import UserError
from aeviz.presets import title
from aeviz.training import queue, runs
from aeviz.training.runs import Run, Status
from aeviz.ui.run_view import EVERY_SECONDS, ordinal
from aeviz.ui.train import sentence

ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/play_circle:",
    "finishing": ":material/play_circle:",
    "done": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
}


def recent(shown: str | None) -> None:
    """The newest runs with their phase; choosing one shows it."""
    st.fragment(_recent, run_every=3 * EVERY_SECONDS)(shown)


def _recent(shown: str | None, most: int = 8) -> None:
    with st.container(key="aeviz-runs", gap="xxsmall"):
        st.html("<style>.st-key-aeviz-runs button { text-align: left; }</style>")
        for run in runs.runs()[:most]:
            _line(run, shown)


def _line(run: Run, shown: str | None) -> None:
    try:
        config, status = run.config, run.status
    except UserError:  # removed or damaged: it is no longer a run
        return
    text = f"{title(config)} · code of {config.bottleneck.latent_dim} · {_state(run, status)}"
    if st.button(
        text,
        key=f"show-{run.id}",
        icon=ICONS[status.phase],
        type="tertiary",
        disabled=run.id == shown,
    ):
        st.query_params["run"] = run.id
        st.rerun()


def _state(run: Run, status: Status) -> str:
    if status.phase == "running" and status.steps:
        return f"training, {status.step / status.steps:.0%}"
    if status.phase == "queued" and (number := queue.place(run)):
        return f"waiting, {ordinal(number)} in the queue"
    return f"{status.phase}, {ago(time.time() - status.updated)}"


def ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def upload() -> None:
    """Takes a model file somebody downloaded, and says where it now is."""
    file = st.file_uploader(
        "Open a model file",
        type="safetensors",
        help="A .safetensors file that aeviz wrote. It then is in every list of models.",
    )
    if file is None:
        return
    with sentence():
        if st.session_state.get("train-upload", ("",))[0] != file.file_id:
            info = library.add_upload(file.getvalue(), file.name)
            st.session_state["train-upload"] = (file.file_id, info.name)
        name = st.session_state["train-upload"][1]
        st.success("The model is in every list now.", icon=":material/check_circle:")
        st.page_link("explore.py", label="Explore it", query_params={"model": name})
