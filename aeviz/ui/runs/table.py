"""The table of runs (web/static/runs.js): what is written in it, and what a person did there."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import streamlit as st

from aeviz.config import RunConfig
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.identity import Person
from aeviz.presets.autoencoders import data_of, kind_of
from aeviz.runs.differences import differences, in_use
from aeviz.runs.listing import SORTS, Row
from aeviz.ui.shared import person
from aeviz.ui.shared.component import component
from aeviz.ui.train import settings
from aeviz.ui.train.losses import SHORT, UNITS
from aeviz.wording import place_in_queue

KEY = "aeviz-runs-table"
CHOSEN, SORT = "runs-chosen", "runs-sort"
"""Kept in the session: they outlive the page."""

COLUMNS = (
    ("name", "Name"),
    ("owner", "Whose"),
    ("status", "Status"),
    ("dataset", "Data set"),
    ("type", "Type"),
    ("epochs", "Epochs"),
    ("mse", "MSE per pixel"),
    ("loss", "Validation loss"),
    ("differs", "Differs in"),
    ("age", "Age"),
)
MSE_SAYS = "mean squared error per pixel of clean validation images"
TELLING = 3
"""Settings that a cell names; the others show when the pointer rests on it."""


def table(rows: Sequence[Row], me: Person, own: bool, empty: str) -> None:
    """Draws the rows. `own`: all are this person's. `empty`: what is said where there are none."""
    shown = {row.id for row in rows}
    colours = {id: CLASS_COLOURS[i % len(CLASS_COLOURS)] for i, id in enumerate(chosen_of(shown))}
    told = [differs(found) for found in differences([row.config for row in rows])]
    by, falling = sorting()
    component("static/runs.js", "styles/run_table.css")(
        key=KEY,
        data={
            "columns": COLUMNS,
            "rows": [
                written(row, me, short, long) | {"colour": colours.get(row.id, "")}
                for row, (short, long) in zip(rows, told, strict=True)
            ],
            "sorts": [*SORTS],
            "sort": {"by": by, "falling": falling},
            "own": own,
            "empty": empty,
            "chosen": st.session_state.get(CHOSEN, []),
        },
        default={"chosen": None, "sort": None},
        on_chosen_change=_chosen,
        on_sort_change=_sorted,
    )


def ticked() -> list[str]:
    """The ids of the runs that are ticked, in the order of ticking; of some that are gone, too."""
    return list(st.session_state.get(CHOSEN, []))


def chosen_of(shown: set[str]) -> list[str]:
    """Those of them that are shown."""
    return [id for id in ticked() if id in shown]


def sorting() -> tuple[str, bool]:
    """The column that the list is sorted by, and whether from the largest down."""
    by, falling = st.session_state.get(SORT, ("age", False))
    return by, falling


def _chosen() -> None:
    """What a browser sends is not to be trusted, even where only our own page should send it."""
    ids = st.session_state[KEY].get("chosen")
    if isinstance(ids, list):
        st.session_state[CHOSEN] = list(dict.fromkeys(id for id in ids if isinstance(id, str)))


def _sorted() -> None:
    asked = st.session_state[KEY].get("sort")
    if isinstance(asked, Mapping) and asked.get("by") in SORTS:
        st.session_state[SORT] = (asked["by"], asked.get("falling") is True)


# ---- words ---------------------------------------------------------------------------------------


def written(row: Row, me: Person, short: str = "", long: str = "") -> dict[str, Any]:
    """A row as the table takes it: the texts of its cells, and those that say more."""
    status, config = row.status, row.config
    kind = config.loss.reconstruction
    share = status.step / status.steps if status.steps else 0.0
    return {
        "id": row.id,
        "href": f"train?run={row.id}",
        "phase": status.phase,
        "share": round(min(share, 1.0), 3),
        "cells": {
            "name": row.name,
            "owner": person.whose(row.owner, me),
            "status": state(row),
            "dataset": data_of(config),
            "type": kind_of(config),
            "epochs": epochs(row),
            "mse": "–" if row.mse is None else f"{row.mse:.4f}",
            "loss": "–" if row.loss is None else f"{row.loss:.4g} {SHORT[kind]}",
            "differs": short,
            "age": age(time.time() - status.created),
        },
        "more": {
            "status": status.message,
            "mse": "" if row.mse is None else f"{row.mse:.6g} {MSE_SAYS}",
            "loss": "" if row.loss is None else f"{row.loss:.6g} {UNITS[kind]}",
            "differs": long,
            "age": time.strftime("%Y-%m-%d %H:%M", time.localtime(status.created)),
        },
    }


def words(row: Row, me: Person) -> str:
    """All words that a filter looks through."""
    config = row.config
    parts = (row.name, person.whose(row.owner, me), state(row), data_of(config), kind_of(config))
    return " ".join((*parts, config.dataset, config.type, _settings(config)))


@lru_cache(1000)
def _settings(config: RunConfig) -> str:
    return " ".join(settings.with_value(key, value) for key, value in in_use(config).items())


def state(row: Row) -> str:
    """Where the run stands, in a word or two."""
    status = row.status
    if status.phase == "running":
        return f"training, {status.step / status.steps:.0%}" if status.steps else "starting"
    if status.phase == "queued":
        return f"waiting, {place_in_queue(row.place)}" if row.place else "starting"
    return status.phase


def epochs(row: Row) -> str:
    """How many it has seen: "20", or "7 of 20"."""
    seen, asked = row.status.epoch, row.config.training.epochs
    return f"{seen:,}" if seen >= asked else f"{seen:,} of {asked:,}"


def age(seconds: float) -> str:
    """ "now", "5 min", "3 h", "2 days"."""
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h"
    days = int(seconds // 86_400)
    return f"{days} day{'s' if days > 1 else ''}"


def differs(found: Mapping[str, Any]) -> tuple[str, str]:
    """The settings that tell a run from the others: the first of them, and all of them."""
    told = [settings.with_value(key, value) for key, value in found.items()]
    more = f" · +{len(told) - TELLING}" if len(told) > TELLING else ""
    return " · ".join(told[:TELLING]) + more, "\n".join(told)


def labels(rows: Sequence[Row]) -> list[str]:
    """A name for each run's curve: with what tells it apart, where several are called the same."""
    names = Counter(row.name for row in rows)
    told = [differs(found)[0] for found in differences([row.config for row in rows])]
    found = [
        f"{row.name} · {more}" if names[row.name] > 1 and more else row.name
        for row, more in zip(rows, told, strict=True)
    ]
    times, seen = Counter(found), Counter[str]()
    for i, label in enumerate(found):
        seen[label] += 1
        if times[label] > 1:
            found[i] = f"{label} ({seen[label]})"
    return found
