"""What a person may do with runs, as buttons: a run's own page and the list of runs share them.

Each asks `aeviz.runs.manage`, which refuses in one sentence where a run is somebody else's.
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

EXACTLY = "Continues from the last whole epoch, exactly as if it had never ended."
_REFUSED = "runs-refused"


def bar(chosen: Sequence[Row], me: Person) -> None:
    """What can be done with the ticked runs: with one of them much, with several little."""
    others = [row for row in chosen if not me.may_manage(row.owner)]
    mine = not others
    with st.container(horizontal=True, vertical_alignment="center", key="aeviz-runs-bar"):
        if len(chosen) == 1:
            _one(chosen[0], me, mine)
        else:
            st.markdown(f"**{len(chosen)} runs**", width="content")
        if mine:
            _delete(chosen, me)
    if others:  # why some buttons are not there
        try:
            manage.check(others[0].run, me)
        except UserError as error:
            few = "Some of these runs are somebody else's: tick only yours to delete them."
            st.caption(few if len(chosen) > 1 else problems.as_markdown(error))


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
            help="Ends the training and keeps what was reached.",
        ):
            _do(lambda: manage.stop(run, me))
    if me.teaches and (row.place or 0) > 1:
        _move_up(run, me)
    if mine:
        _rename(row, me)
    if mine and status.phase in OVER:
        _go_on(row, me)
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
            help="The model file: weights, settings, measured figures and a gallery.",
        )


def _go_on(row: Row, me: Person) -> None:
    try:
        if not go_on(row.run, row.status, row.config, me):
            return
        refusal.forget(_REFUSED)
    except UserError as error:
        _keep(error)
    st.rerun()


def go_on(run: Run, status: Status, config: RunConfig, me: Person) -> bool:
    """Continues a run that is over, to where it was meant to end or for further epochs; answers
    whether it now goes on."""
    if run.can_resume and st.button(
        continue_label(status, config),
        icon=":material/resume:",
        help=EXACTLY,
        key=f"resume-{run.id}",
    ):
        manage.go_on(run, me)
        return True
    return run.resume_path.exists() and _train_on(run, status, config, me)


def continue_label(status: Status, config: RunConfig) -> str:
    """ "Continue (55 epochs left)"; one that ended after its last epoch is only to be measured."""
    left = config.training.epochs - status.epoch
    return f"Continue ({left:,} epoch{'s' * (left != 1)} left)" if left > 0 else "Continue"


def _train_on(run: Run, status: Status, config: RunConfig, me: Person) -> bool:
    with st.popover("Add epochs", icon=":material/more_time:", help="Trains it longer."):
        epochs = st.number_input(
            "Further epochs",
            min_value=1,
            max_value=MAX_EPOCHS,
            value=min(config.training.epochs, 10),
            key=f"further-{run.id}",
            help=f"It has seen {status.epoch:,} so far. A schedule then runs over all of them.",
        )
        if st.button("Train longer", type="primary", key=f"train-on-{run.id}"):
            manage.train_on(run, int(epochs), me)
            return True
    return False


def _move_up(run: Run, me: Person) -> None:
    if st.button(
        "Move up",
        icon=":material/vertical_align_top:",
        key=f"list-up-{run.id}",
        help="It is the next to train.",
    ):
        _do(lambda: manage.move_up(run, me))


def _rename(row: Row, me: Person) -> None:
    with st.popover("Rename", icon=":material/edit:"):
        name = st.text_input(
            "Name",
            row.name,
            key=f"name-{row.id}",
            help="An empty one brings its first name back.",
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
        help="Fills in its settings on the Train page, to be changed there; this run stays.",
        query_params=config_link.query(config) if can else None,
    )


def _delete(chosen: Sequence[Row], me: Person) -> None:
    ids = [row.id for row in chosen]
    one = len(ids) == 1
    times = refusal.count(_REFUSED)
    with st.popover("Delete", icon=":material/delete:", key=f"runs-delete-{times}"):
        st.text(f"Delete “{chosen[0].name}”?" if one else f"Delete these {len(ids)} runs?")
        st.caption(f"What {'it' if one else 'they'} learnt will be gone for everybody.")
        # a button of its own for these runs: a click that meets an older one deletes nothing
        key = f"delete-{zlib.crc32('+'.join(ids).encode()):08x}"
        if st.button("Delete for good", type="primary", key=key):
            _do(*(lambda row=row: manage.remove(row.run, me) for row in chosen))


# ---- why something was refused -------------------------------------------------------------------


def refused() -> None:
    """Why the last action was refused, as long as the same runs are ticked."""
    refusal.show(_REFUSED, table.ticked())


def _do(*actions: Callable[[], object]) -> None:
    """Does each of these; the page is then built anew."""
    refusal.forget(_REFUSED)
    for action in actions:
        try:
            action()
        except UserError as error:
            _keep(error)
    st.rerun()


def _keep(error: UserError) -> None:
    refusal.keep(_REFUSED, table.ticked(), error)
