"""Figures that only one experiment has, below the charts of its result."""

from __future__ import annotations

import streamlit as st

from aeviz.experiments.base import Result
from aeviz.figures import lab_arrows, lab_clusters, lab_matrix, lab_points, lab_tables
from aeviz.figures.training import Figure
from aeviz.ui.shared.chart import chart


def show(result: Result) -> None:
    """The figures that the result has so far."""
    for number, (title, figure, note) in enumerate(lab_points.figures(result)):
        _one(f"points-{number}", title, figure, note)
    if maps := lab_clusters.maps(result):
        st.markdown("**Labels and clusters on a map**")
        for number, (column, (title, figure)) in enumerate(
            zip(st.columns(len(maps.figures)), maps.figures, strict=True)
        ):
            with column:
                st.markdown(title)
                chart(figure, f"aeviz-lab-map-{number}", f"Map of the codes. {title}")
        st.caption(maps.note)
    if tables := lab_tables.tables(result):
        st.markdown(f"**{lab_tables.TITLE}**")
        for number, (column, (title, figure)) in enumerate(
            zip(st.columns(len(tables)), tables, strict=True)
        ):
            with column:
                st.markdown(title)
                chart(figure, f"aeviz-lab-table-{number}", f"{lab_tables.TITLE}: {title}")
        st.caption(lab_tables.NOTE)
    if cells := lab_matrix.matrix(result):
        with st.columns(2)[0]:
            _one("matrix", lab_matrix.TITLE, cells, lab_matrix.NOTE)
    if arrows := lab_arrows.arrows(result):
        with st.columns(2)[0]:
            _one("arrows", lab_arrows.TITLE, arrows, lab_arrows.NOTE)


def _one(name: str, title: str, figure: Figure, note: str) -> None:
    st.markdown(f"**{title}**")
    chart(figure, f"aeviz-lab-{name}", title)
    st.caption(note)
