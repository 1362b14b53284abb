"""The prediction that a student draws before the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aeviz.experiments import parameters
from aeviz.experiments.base import Experiment
from aeviz.ui.lab import address
from aeviz.ui.shared.component import component


def show(experiment: Experiment, params: Any) -> None:
    """Shows the chart to draw on, and the choice of a winner."""
    prediction, spec = experiment.prediction, experiment.charts_of(params)[0]
    places = prediction.at(params)
    st.markdown(f"**Predict.** {prediction.ask}")
    testid = f"aeviz-predict-{experiment.name}"
    said = component("static/predict.js", "styles/lab.css")(
        key=testid,
        data={
            "places": _labels(places),
            "low": prediction.low,
            "high": prediction.high,
            "xLabel": spec.x_label,
            "yLabel": spec.label,
            "line": spec.kind == "curve",
            "guess": address.guess(places),
            "testid": testid,
        },
        default={"guess": None},
        on_guess_change=lambda: None,
    )
    heights = said.guess if said is not None else None
    if heights is not None and _fits(heights, places):
        address.set_guess(heights)
    if prediction.winner:
        key = f"lab-winner-{experiment.name}"
        given = st.query_params.get(address.WINNER)
        st.session_state.setdefault(key, given if given in prediction.winner else None)
        picked = st.segmented_control(prediction.pick, prediction.winner, key=key)
        if picked:
            st.query_params[address.WINNER] = picked


def picked(experiment: Experiment) -> str | None:
    """The arm that the student expects to be ahead."""
    given = st.query_params.get(address.WINNER)
    return given if given in experiment.prediction.winner else None


def ghost(
    experiment: Experiment, params: Any
) -> tuple[Sequence[float | str], Sequence[float]] | None:
    """The prediction as places and heights, for the chart of the result."""
    places = experiment.prediction.at(params)
    heights = address.guess(places)
    return None if heights is None else (places, heights)


def _labels(places: Sequence[float | str]) -> list[str]:
    return [parameters.as_text(place) for place in places]


def _fits(heights: Any, places: Sequence[object]) -> bool:
    return (
        isinstance(heights, list)
        and len(heights) == len(places)
        and all(isinstance(height, int | float) for height in heights)
    )
