"""Explore a model's latent space."""

import streamlit as st

from aeviz.ui import live, pickers

st.title("Explore")
info = pickers.model_picker()
live.explorer(info.name)
