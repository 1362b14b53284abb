"""What a person may do with a run, as buttons: the run's own page and the list of runs share them.

Each asks `aeviz.training.manage`, which refuses in one sentence where the run is somebody else's.
"""

from __future__ import annotations

import streamlit as st

from aeviz.config import MAX_EPOCHS, RunConfig
from aeviz.people import Person
from aeviz.training import manage
from aeviz.training.runs import Run, Status

EXACTLY = "Continues from the last whole epoch, exactly as if it had never ended."


def go_on(run: Run, status: Status, config: RunConfig, me: Person) -> bool:
    """Continues a run that is over, to where it was meant to end or for further epochs; answers
    whether it now goes on."""
    if run.can_resume and st.button(
        "Go on training", icon=":material/resume:", help=EXACTLY, key=f"resume-{run.id}"
    ):
        manage.go_on(run, me)
        return True
    return run.resume_path.exists() and _train_on(run, status, config, me)


def _train_on(run: Run, status: Status, config: RunConfig, me: Person) -> bool:
    with st.popover("Train on", icon=":material/more_time:", help="Trains for further epochs."):
        epochs = st.number_input(
            "Further epochs",
            min_value=1,
            max_value=MAX_EPOCHS,
            value=min(config.training.epochs, 10),
            key=f"further-{run.id}",
            help=f"It has seen {status.epoch:,} so far. A schedule then runs over all of them.",
        )
        if st.button("Train on", type="primary", key=f"train-on-{run.id}"):
            manage.train_on(run, int(epochs), me)
            return True
    return False
