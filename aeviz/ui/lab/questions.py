"""Three short questions with immediate feedback."""

from __future__ import annotations

import math

import streamlit as st

from aeviz.experiments.base import Choice, Experiment, Numeric, Result


def show(experiment: Experiment, result: Result) -> None:
    """Shows the questions; the numeric ones are about this result, if it has the number."""
    st.subheader("Check yourself", anchor=False)
    number = 1
    for place, question in enumerate(experiment.questions):
        key = f"lab-question-{experiment.name}-{place}"
        if isinstance(question, Choice):
            _choice(number, question, key)
        elif (right := question.answer(result)) is not None and math.isfinite(right):
            _numeric(number, question, key, right)
        else:
            continue
        number += 1


def _choice(number: int, question: Choice, key: str) -> None:
    answer = st.radio(f"{number}. {question.text}", question.answers, index=None, key=key)
    if answer is None:
        return
    given = question.answers.index(answer)
    if given == question.right:
        st.success(f"Right. {question.reasons[given]}", icon=":material/check:")
    else:
        st.error(f"Not quite. {question.reasons[given]}", icon=":material/close:")


def _numeric(number: int, question: Numeric, key: str, right: float) -> None:
    given = st.number_input(
        f"{number}. {question.text}", value=None, key=key, format="%0.4g", width=420
    )
    if given is None:
        return
    if abs(given - right) <= question.tolerance * abs(right) + 1e-9:
        st.success(f"Right: it is {right:.3g}. {question.reason}", icon=":material/check:")
    else:
        st.error(f"Your value: {given:.3g}. It is {right:.3g}. {question.reason}",
                 icon=":material/close:")  # fmt: skip
