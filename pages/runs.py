"""Runs: mine and the class's, what differs between them, and their curves over each other."""

import streamlit as st

from aeviz.ui.runs import page
from aeviz.ui.shared.explain import how_it_works

st.title("Runs", anchor=False)
page.panel()
how_it_works(
    "Each run is a folder on the server, so a list of runs is always the truth: it is the same in "
    "every browser, and after a restart. “Differs in” names the settings that tell the shown runs "
    "apart; what a type brings along is left out. Two runs that differ in one setting are an "
    "experiment: tick both and compare their curves. MSE and loss are measured on validation "
    "images, which no network learns from. MSE is the mean squared error per pixel of clean "
    "images, whatever a run was trained with, so runs on the same data compare by it. The loss has "
    "the unit that stands beside it: compare it between runs with the same kind of loss only.",
    "",
)
