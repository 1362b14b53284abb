"""Runs: a table of mine and the class's, how they differ, and their curves in one chart."""

import streamlit as st

from aeviz.ui.runs import page
from aeviz.ui.shared.explain import how_it_works

st.title("Runs", anchor=False)
page.panel()
how_it_works(
    "Each run is a folder on the server. So the list is the same in every browser, also after a "
    "restart. “Differs in” names the settings in which the shown runs differ. It leaves out "
    "settings that follow from the type. Two runs that differ in one setting are an experiment: "
    "tick both and compare their curves. MSE and loss are measured on validation images, which no "
    "network learns from. MSE is the mean squared error per pixel on clean images, whatever loss "
    "a run was trained with. So you can compare the MSE of all runs on the same data. Compare the "
    "loss only between runs with the same kind of loss. Its unit is beside it. The command `aeviz "
    "sweep` trains many runs that differ in a few settings. This page then shows which settings "
    "are best.",
    "",
)
