"""Home: something alive before anything else."""

import streamlit as st

from aeviz import library
from aeviz.ui import live

MODEL = "vae-mnist-2d"

names = [info.name for info in library.models()]
left, right = st.columns([3, 2], vertical_alignment="bottom")
left.title("aeviz")
left.markdown("See what an autoencoder sees.")
right.caption(f"{len(names)} models")
if MODEL in names:
    live.home(MODEL)
st.markdown(
    "Move over the map. Each place is a code; the decoder turns it into an image, right now."
)
