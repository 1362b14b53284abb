"""Train: choose data and a type of autoencoder, watch the training, keep the model."""

import streamlit as st

from aeviz.errors import UserError
from aeviz.runs import spawn, store
from aeviz.ui.runs import run_list
from aeviz.ui.shared import problems
from aeviz.ui.shared.explain import how_it_works
from aeviz.ui.train import link, own_images, page, preview, run_view
from aeviz.ui.train.export import settings_link

st.title("Train", anchor=False)

wanted = st.query_params.get("run")
run = None
if wanted is not None:
    try:
        run = store.find(wanted)
    except UserError as error:
        reason = problems.as_markdown(error)
        st.warning(f"{reason} Choose one from the list below, or train a new one.")

spawn.keep_warm()
link.open_link()
fold = st.expander("Settings of a new run", expanded=run is None, icon=":material/tune:")
with fold, st.container(key="train-settings"):
    # First in the order of the keyboard and on a phone, but filled in last.
    actions = st.container(horizontal=True, vertical_alignment="center", key="train-actions")
    settings, drawing = st.columns([5, 6], gap="large")
    with settings:
        choice = page.controls()
    with drawing:
        preview.picture(choice)
        st.caption(choice.preset.idea)
    with actions:
        clicked = st.button(
            "Train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=choice.config is None,
            key="train-start",
            help="Training continues on the server if you close this tab.",
        )
        if choice.config is not None and choice.cost is not None:
            settings_link(choice.config)
            st.caption(preview.summary(choice.config, choice.cost))
    if clicked and choice.config is not None:
        with problems.shown():
            page.start(choice.config)

own_images.panel()

if run is not None:
    run_view.watch(run)

st.divider()
st.markdown("**Your runs**")
run_list.recent(run.id if run else None)
run_list.upload()

how_it_works(
    "In each step, the network gets a few images. The loss compares its output with the images. "
    "Then every weight changes a little so that the loss falls. In one epoch, the network sees "
    "each training image once. Then the loss is measured on validation images, which it never "
    "learns from. If the training loss falls but the validation loss rises, the network has begun "
    "to memorise the training images. This is overfitting.",
    choice.preset.name,
)
