"""My newest runs at the end of the Train page, and an upload for model files."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from aeviz.escaping import in_markdown
from aeviz.models import uploads
from aeviz.runs import listing, wait_time
from aeviz.runs.listing import Row
from aeviz.ui.runs import uploaded
from aeviz.ui.shared import person, problems
from aeviz.ui.train.run_view import EVERY_SECONDS
from aeviz.wording import place_in_queue, soon

ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/play_circle:",
    "finishing": ":material/play_circle:",
    "done": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
}


def recent(shown: str | None) -> None:
    """My newest runs and their state. A click on one shows it."""
    st.fragment(_recent, run_every=3 * EVERY_SECONDS)(shown)


def _recent(shown: str | None, limit: int = 8) -> None:
    me = person.me()
    rows = listing.rows()
    turns = wait_time.seconds_until_turns(rows)
    mine = [row for row in rows if me.owns(row.owner)]
    with st.container(key="aeviz-runs", gap="xxsmall"):
        for row in mine[:limit]:
            _line(row, shown, turns.get(row.id))
    if not mine:
        st.caption("None yet. Choose a type of autoencoder above and press Train.")
    st.page_link("runs.py", label="All runs, also the class's", icon=":material/list:")


def _line(row: Row, shown: str | None, turn: float | None) -> None:
    code = row.config.bottleneck.latent_dim
    if st.button(
        f"{in_markdown(row.name)} · code of {code} · {_state(row, turn)}",
        key=f"show-{row.id}",
        icon=ICONS[row.status.phase],
        type="tertiary",
        disabled=row.id == shown,  # already on the page
    ):
        st.query_params["run"] = row.id
        st.rerun()


def _state(row: Row, turn: float | None) -> str:
    status = row.status
    if status.phase == "running" and status.steps:
        return f"training, {status.step / status.steps:.0%}"
    if status.phase == "queued" and row.place:
        text = f"waiting, {place_in_queue(row.place)} in the queue"
        return text if turn is None else f"{text}, starts {soon(turn)}"
    return f"{status.phase}, {ago(time.time() - status.updated)}"


def ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def upload() -> None:
    """An upload for model files, and the list of mine."""
    file = st.file_uploader(
        "Open a model file",
        type="safetensors",
        help="A .safetensors file from aeviz. The model is then in every list of models.",
    )
    if file is not None:
        _keep(file)
    me = person.me()
    mine = [upload for upload in uploads.uploads() if me.owns(upload.owner)]
    uploaded.lines(mine, me)


def _keep(file: UploadedFile) -> None:
    with problems.shown():
        if st.session_state.get("train-upload", ("",))[0] != file.file_id:
            info = uploads.add(file.getvalue(), file.name, person.me().owner)
            st.session_state["train-upload"] = (file.file_id, info.name)
        name = st.session_state["train-upload"][1]
        if not uploads.is_there(name):  # deleted, but its file is still chosen
            return
        st.success("The model is in every list now.", icon=":material/check_circle:")
        st.page_link("explore.py", label="Explore it", query_params={"model": name})
