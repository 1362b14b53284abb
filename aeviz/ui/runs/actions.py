"""Buttons that change runs, for a run's own page and for the list of runs.

Each calls `aeviz.runs.manage`, which raises a UserError if the run belongs to somebody else.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import streamlit as st

from aeviz.config import MAX_EPOCHS, RunConfig
from aeviz.errors import UserError
from aeviz.export import config_link
from aeviz.identity import Person
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs import manage
from aeviz.runs.listing import Row
from aeviz.runs.store import OVER, Run, Status
from aeviz.ui.runs import refusal, table
from aeviz.ui.shared import problems
from aeviz.wording import plural

CONTINUE_HELP = "Continues after the last complete epoch, exactly as if it had not stopped."
_REFUSED = "runs-refused"


def bar(chosen: Sequence[Row], me: Person) -> None:
    """The buttons for the ticked runs. Several runs can only be deleted."""
    others = [row for row in chosen if not me.may_manage(row.owner)]
    mine = not others
    with st.container(horizontal=True, vertical_alignment="center", key="aeviz-runs-bar"):
        if len(chosen) == 1:
            _one(chosen[0], me, mine)
        else:
            st.markdown(f"**{len(chosen)} runs**", width="content")
        if mine:
            _delete(chosen, me)
    if others:  # explain why some buttons are missing
        try:
            manage.check(others[0].run, me)
        except UserError as error:
            several = (
                "Some of these runs belong to somebody else. Tick only your own to delete them."
            )
            st.caption(several if len(chosen) > 1 else problems.as_markdown(error))


def _one(row: Row, me: Person, mine: bool) -> None:
    run, config, status = row.run, row.config, row.status
    st.page_link(
        "train.py", label="Open", icon=":material/open_in_full:", query_params={"run": run.id}
    )
    if mine and status.phase not in OVER:
        stopping = run.stop_requested
        if st.button(
            "Stopping" if stopping else "Stop",
            icon=":material/stop_circle:",
            disabled=stopping,
            key=f"list-stop-{run.id}",
            help="Ends the training and keeps the model as it is now.",
        ):
            _do(lambda: manage.stop(run, me))
    if me.teaches and (row.place or 0) > 1:
        _move_up(run, me)
    if mine:
        _rename(row, me)
    if mine and status.phase in OVER:
        _continue(row, me)
    _duplicate(config)
    if row.has_model:
        st.download_button(
            "Download",
            run.model_path.read_bytes,
            f"{run.id}.safetensors",
            "application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
            key=f"download-{run.id}",
            help="The model file: weights, settings, measurements and a gallery of test images.",
        )


def _continue(row: Row, me: Person) -> None:
    try:
        if not continue_buttons(row.run, row.status, row.config, me):
            return
        refusal.forget(_REFUSED)
    except UserError as error:
        _keep(error)
    st.rerun()


def continue_buttons(run: Run, status: Status, config: RunConfig, me: Person) -> bool:
    """Buttons that continue a run, for the remaining epochs or for additional ones. Returns whether
    one of them was pressed."""
    if run.can_resume and st.button(
        continue_label(status, config),
        icon=":material/resume:",
        help=CONTINUE_HELP,
        key=f"resume-{run.id}",
    ):
        manage.resume(run, me)
        return True
    return run.resume_path.exists() and _train_longer(run, status, config, me)


def continue_label(status: Status, config: RunConfig) -> str:
    """ "Continue (55 epochs left)"; after the last epoch only the final measurement is missing."""
    left = config.training.epochs - status.epoch
    return f"Continue ({left:,} epoch{'s' * (left != 1)} left)" if left > 0 else "Continue"


def _train_longer(run: Run, status: Status, config: RunConfig, me: Person) -> bool:
    with st.popover("Add epochs", icon=":material/more_time:", help="Trains the model for longer."):
        epochs = st.number_input(
            "More epochs",
            min_value=1,
            max_value=MAX_EPOCHS,
            value=min(config.training.epochs, 10),
            key=f"further-{run.id}",
            help=f"{plural(status.epoch, 'epoch')} so far. Schedules then span all epochs.",
        )
        if st.button("Train longer", type="primary", key=f"train-on-{run.id}"):
            manage.train_longer(run, int(epochs), me)
            return True
    return False


def _move_up(run: Run, me: Person) -> None:
    if st.button(
        "Move up",
        icon=":material/vertical_align_top:",
        key=f"list-up-{run.id}",
        help="This run is the next to train.",
    ):
        _do(lambda: manage.move_up(run, me))


def _rename(row: Row, me: Person) -> None:
    with st.popover("Rename", icon=":material/edit:"):
        name = st.text_input(
            "Name",
            row.name,
            key=f"name-{row.id}",
            help="If you leave this empty, the run gets its first name back.",
        )
        if st.button("Rename", type="primary", key=f"rename-{row.id}"):
            _do(lambda: manage.rename(row.run, name, me))


def _duplicate(config: RunConfig) -> None:
    """A link to the Train page with the run's settings filled in."""
    can = config.type in PRESETS and config.network.kind != "unet"
    st.page_link(
        "train.py",
        label="Duplicate with changes",
        icon=":material/content_copy:",
        disabled=not can,
        help="Opens the Train page with the settings of this run. The run itself does not change.",
        query_params=config_link.query(config) if can else None,
    )


def _delete(chosen: Sequence[Row], me: Person) -> None:
    ids = [row.id for row in chosen]
    one = len(ids) == 1
    times = refusal.count(_REFUSED)
    with st.popover("Delete", icon=":material/delete:", key=f"runs-delete-{times}"):
        st.text(f"Delete “{chosen[0].name}”?" if one else f"Delete these {len(ids)} runs?")
        st.caption(f"This deletes the {'model' if one else 'models'}, too, for everybody.")
        # A key of its own for these runs: a click on an older button deletes nothing.
        key = f"delete-{zlib.crc32('+'.join(ids).encode()):08x}"
        if st.button("Delete for good", type="primary", key=key):
            _do(*(lambda row=row: manage.remove(row.run, me) for row in chosen))


# ---- why something was refused -------------------------------------------------------------------


def refused() -> None:
    """Shows why the last action was refused, as long as the same runs are ticked."""
    refusal.show(_REFUSED, table.ticked())


def _do(*actions: Callable[[], object]) -> None:
    """Calls each of these, then reruns the page."""
    refusal.forget(_REFUSED)
    for action in actions:
        try:
            action()
        except UserError as error:
            _keep(error)
    st.rerun()


def _keep(error: UserError) -> None:
    refusal.keep(_REFUSED, table.ticked(), error)
