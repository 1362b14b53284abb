"""The sweeps on the Runs page: what was found, parallel coordinates, and the value over a setting.

Clicking a line or a dot chooses its run.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from aeviz.escaping import in_markdown
from aeviz.figures import sweeps as figures
from aeviz.figures.sweeps import Dot
from aeviz.runs.listing import Row
from aeviz.sweeps import record, summary
from aeviz.sweeps.record import State, Sweep, Trial
from aeviz.ui.runs import table
from aeviz.ui.shared.chart import chart
from aeviz.ui.train import settings
from aeviz.ui.train.losses import AFTER, UNITS
from aeviz.wording import plural

LINES, DOTS = "aeviz-sweep-lines", "aeviz-sweep-dots"
CHOSEN = "runs-sweep-chosen"
COMPARED = 5
"""Runs whose curves one button compares."""

_ONE: dict[State, str] = {
    "done": "is done",
    "pruned": "was stopped early",
    "stopped": "was stopped by hand",
    "failed": "failed",
    "running": "is left",
}
_SEVERAL = {
    state: text.replace("is ", "are ").replace("was ", "were ") for state, text in _ONE.items()
}


def section(rows: Sequence[Row]) -> None:
    """The sweeps of these runs. Nothing if there are none."""
    there = {row.id: row for row in rows}
    found = [one for one in record.sweeps() if any(trial.run in there for trial in one.trials)]
    if not found:
        return
    with st.container(key="aeviz-sweeps"):
        st.markdown("**Sweeps**")
        by_id = {sweep.id: sweep for sweep in found}
        sweep = by_id[
            st.selectbox(
                "Sweep",
                list(by_id),
                format_func=lambda id: _title(by_id[id]),
                key="runs-sweep",
                label_visibility="collapsed",
                width=560,
            )
        ]
        st.markdown(" ".join(sentences(sweep)))
        shown = [trial for trial in sweep.trials if trial.is_over and trial.value is not None]
        if shown:
            _figures(sweep, shown, there)


def _title(sweep: Sweep) -> str:
    varied = ", ".join(_small(settings.label_of(axis.key)) for axis in sweep.plan.axes)
    age = table.age(time.time() - sweep.created)
    return f"{sweep.plan.name} · {varied} · {plural(sweep.count, 'run')} · {age}"


# ---- in words ------------------------------------------------------------------------------------


def sentences(sweep: Sweep) -> list[str]:
    """How the trials ended, which is the best, and what matters most, in Markdown."""
    counts = summary.counts(sweep)
    parts = [
        f"{count} {(_ONE if count == 1 else _SEVERAL)[state]}" for state, count in counts.items()
    ]
    found = [f"Of {plural(sweep.count, 'run')}, {_joined(parts)}."]
    if len(counts) == 1 and sweep.count > 1:
        found = [f"All {sweep.count} runs {_SEVERAL[next(iter(counts))]}."]
    best = sweep.best
    if best is None:
        found.append("There is no result yet." if not sweep.is_complete else "None has a result.")
    else:
        found.append(
            f"The best has **{in_markdown(_with_values(best), None)}**: {_value(sweep, best)}."
        )
    most = summary.matters_most(sweep)
    if most is not None:
        name = _small(settings.label_of(most[0]))
        found.append(
            f"The {in_markdown(name)} matters most: by itself it explains {most[1]:.0%} of the "
            "variance."
        )
    if not sweep.is_complete and not sweep.is_going:
        found.append("The sweep is interrupted. The same command continues it.")
    return found


def _joined(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def _with_values(trial: Trial) -> str:
    """ "learning rate 0.001 · code size 8"."""
    return " · ".join(settings.with_value(key, value) for key, value in trial.settings.items())


def _value(sweep: Sweep, trial: Trial) -> str:
    """ "validation loss 93.2 nats per image", and after which epoch if it was stopped early."""
    plan = sweep.plan
    early = "" if trial.state == "done" else f" after epoch {trial.epochs}"
    if plan.measure == "mse":
        return f"MSE {trial.value:.4f} per pixel{early}"
    name = {"loss": "validation loss", "recon": "reconstruction loss"}[plan.measure]
    return f"{name} {trial.value:.4g} {AFTER[plan.config.loss.reconstruction]}{early}"


def _axis_title(sweep: Sweep) -> str:
    plan = sweep.plan
    if plan.measure == "mse":
        return "MSE per pixel"
    name = {"loss": "Validation loss", "recon": "Reconstruction loss"}[plan.measure]
    return f"{name}, {UNITS[plan.config.loss.reconstruction]}"


def _small(label: str) -> str:
    """ "Learning rate" -> "learning rate", but "ReLU" stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


# ---- figures -------------------------------------------------------------------------------------


def _figures(sweep: Sweep, shown: Sequence[Trial], there: dict[str, Row]) -> None:
    chosen = _chosen(sweep, shown)
    values = [trial.value or 0.0 for trial in shown]
    names = {trial.run: _name(sweep, trial, there) for trial in shown}
    good = {trial.run for trial in _best_quarter(summary.ranked(sweep))}
    dots = [
        Dot(trial.run, _text(sweep, trial, names), trial.state == "done", trial.run in good)
        for trial in shown
    ]
    columns = [
        figures.column(
            axis,
            settings.label_of(axis.key),
            [trial.settings[axis.key] for trial in shown],
            settings.value_in_words,
        )
        for axis in sweep.plan.axes
    ]
    title = _axis_title(sweep)
    last = figures.value_column(title.partition(",")[0], values, dots)
    left, right = st.columns(2)
    with left:
        st.caption("Each line is a run. Click one to choose it.")
        chart(
            figures.parallel([*columns, last], dots, chosen, names[chosen]),
            LINES,
            f"The settings and the value of {plural(len(shown), 'run')} as parallel coordinates",
            on_click=_choose,
        )
    with right:
        number = _setting(sweep) if len(columns) > 1 else 0
        chart(
            figures.scatter(columns[number], values, dots, chosen, names[chosen], title),
            DOTS,
            f"{title} over {columns[number].label}, a dot for each run",
            on_click=_choose,
        )
    if not all(dot.done for dot in dots):
        st.caption(
            "A run that was stopped early has no final value. If its last value is too high for "
            "the axis, its triangle is at the top."
        )
    _this_run(sweep, next(trial for trial in shown if trial.run == chosen), names, there)


def _best_quarter(ranked: Sequence[Trial]) -> Sequence[Trial]:
    """Rounded up, so that there is always one."""
    return ranked[: -(-len(ranked) // 4)]


def _setting(sweep: Sweep) -> int:
    """The number of the setting on the x axis of the dots."""
    keys = [axis.key for axis in sweep.plan.axes]
    key = st.selectbox(
        "Setting",
        keys,
        format_func=settings.label_of,
        key=f"runs-sweep-setting-{sweep.id}",
        label_visibility="collapsed",
        width=240,
    )
    return keys.index(key) if key in keys else 0


def _choose(run: str) -> None:
    st.session_state[CHOSEN] = run


def _chosen(sweep: Sweep, shown: Sequence[Trial]) -> str:
    """The run that was clicked last; the best one if it is not of this sweep."""
    run = st.session_state.get(CHOSEN, "")
    if run in {trial.run for trial in shown}:
        return str(run)
    best = sweep.best
    return best.run if best is not None else shown[0].run


def _name(sweep: Sweep, trial: Trial, there: dict[str, Row]) -> str:
    row = there.get(trial.run)
    return row.name if row is not None else f"{sweep.plan.name} {trial.number}"


def _text(sweep: Sweep, trial: Trial, names: dict[str, str]) -> str:
    """The label of a line or dot: the run's name, its settings and its value."""
    rows = [names[trial.run], *(settings.with_value(k, v) for k, v in trial.settings.items())]
    return "\n".join([*rows, _value(sweep, trial)])


def _this_run(sweep: Sweep, trial: Trial, names: dict[str, str], there: dict[str, Row]) -> None:
    """The chosen run in words, with a link to it; and a button that compares the best runs."""
    best = summary.ranked(sweep)
    is_best = bool(best) and best[0] is trial
    name = f":material/star: **{in_markdown(names[trial.run])}**"
    words = in_markdown(_with_values(trial), None)
    st.markdown(f"{name}, the best" if is_best else f"{name} · {words} · {_value(sweep, trial)}")
    if trial.message:
        st.caption(in_markdown(trial.message, None))
    with st.container(horizontal=True, vertical_alignment="center"):
        if trial.run in there:
            st.page_link(
                "train.py",
                label="Open this run",
                icon=":material/open_in_full:",
                query_params={"run": trial.run},
            )
        else:
            st.caption("This run was deleted.")
        compared = [one.run for one in best if one.run in there][:COMPARED]
        if len(compared) > 1 and st.button(
            f"Compare the best {len(compared)}",
            icon=":material/show_chart:",
            key="runs-sweep-compare",
            help="Ticks them in the table above, which shows their curves.",
        ):
            st.session_state[table.CHOSEN] = compared
            st.rerun()
