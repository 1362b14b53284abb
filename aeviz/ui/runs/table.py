"""The table of runs (web/static/runs.js): its texts, the ticked rows and the sorting."""

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
from aeviz.runs.differences import differences, settings_in_use
from aeviz.runs.listing import SORTS, Row
from aeviz.ui.shared import person
from aeviz.ui.shared.component import component
from aeviz.ui.train import settings
from aeviz.ui.train.losses import SHORT, UNITS
from aeviz.wording import place_in_queue

KEY = "aeviz-runs-table"
CHOSEN, SORT = "runs-chosen", "runs-sort"
"""Keys in the session state, so that they stay when the page is left."""

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
MSE_TEXT = "mean squared error per pixel of clean validation images"
MAX_SETTINGS = 3
"""A cell names so many settings. The tooltip has all of them."""


def table(rows: Sequence[Row], me: Person, own: bool, empty: str) -> None:
    """Draws the rows. `own`: all belong to this person. `empty`: the text if there are no rows."""
    shown = {row.id for row in rows}
    colours = {id: CLASS_COLOURS[i % len(CLASS_COLOURS)] for i, id in enumerate(chosen_of(shown))}
    texts = [differs(found) for found in differences([row.config for row in rows])]
    by, falling = sorting()
    component("static/runs.js", "styles/run_table.css")(
        key=KEY,
        data={
            "columns": COLUMNS,
            "rows": [
                row_data(row, me, short, long) | {"colour": colours.get(row.id, "")}
                for row, (short, long) in zip(rows, texts, strict=True)
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
    """The ids of the ticked runs in the order of ticking. Some may be deleted."""
    return list(st.session_state.get(CHOSEN, []))


def chosen_of(shown: set[str]) -> list[str]:
    """The ticked runs that are shown."""
    return [id for id in ticked() if id in shown]


def sorting() -> tuple[str, bool]:
    """The column that the list is sorted by, and whether in descending order."""
    by, falling = st.session_state.get(SORT, ("age", False))
    return by, falling


def _chosen() -> None:
    """Reads the ticked ids. They come from a browser, so they are not trusted."""
    ids = st.session_state[KEY].get("chosen")
    if isinstance(ids, list):
        st.session_state[CHOSEN] = list(dict.fromkeys(id for id in ids if isinstance(id, str)))


def _sorted() -> None:
    sort = st.session_state[KEY].get("sort")
    if isinstance(sort, Mapping) and sort.get("by") in SORTS:
        st.session_state[SORT] = (sort["by"], sort.get("falling") is True)


# ---- words ---------------------------------------------------------------------------------------


def row_data(row: Row, me: Person, short: str = "", long: str = "") -> dict[str, Any]:
    """A row as data for the table: the texts of its cells and of their tooltips."""
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
            "mse": "" if row.mse is None else f"{row.mse:.6g} {MSE_TEXT}",
            "loss": "" if row.loss is None else f"{row.loss:.6g} {UNITS[kind]}",
            "differs": long,
            "age": time.strftime("%Y-%m-%d %H:%M", time.localtime(status.created)),
        },
    }


def words(row: Row, me: Person) -> str:
    """All words that the filter searches."""
    config = row.config
    parts = (row.name, person.whose(row.owner, me), state(row), data_of(config), kind_of(config))
    return " ".join((*parts, config.dataset, config.type, _settings(config)))


@lru_cache(1000)
def _settings(config: RunConfig) -> str:
    return " ".join(
        settings.with_value(key, value) for key, value in settings_in_use(config).items()
    )


def state(row: Row) -> str:
    """The state of the run in a few words."""
    status = row.status
    if status.phase == "running":
        return f"training, {status.step / status.steps:.0%}" if status.steps else "starting"
    if status.phase == "queued":
        return f"waiting, {place_in_queue(row.place)}" if row.place else "starting"
    return status.phase


def epochs(row: Row) -> str:
    """The number of epochs so far: "20", or "7 of 20"."""
    done, planned = row.status.epoch, row.config.training.epochs
    return f"{done:,}" if done >= planned else f"{done:,} of {planned:,}"


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
    """The settings in which a run differs from the others: the first few, and all of them."""
    texts = [settings.with_value(key, value) for key, value in found.items()]
    more = f" · +{len(texts) - MAX_SETTINGS}" if len(texts) > MAX_SETTINGS else ""
    return " · ".join(texts[:MAX_SETTINGS]) + more, "\n".join(texts)


def labels(rows: Sequence[Row]) -> list[str]:
    """A name for each run's curve. If several runs have the same name, it adds how they differ."""
    names = Counter(row.name for row in rows)
    texts = [differs(found)[0] for found in differences([row.config for row in rows])]
    found = [
        f"{row.name} · {more}" if names[row.name] > 1 and more else row.name
        for row, more in zip(rows, texts, strict=True)
    ]
    times, seen = Counter(found), Counter[str]()
    for i, label in enumerate(found):
        seen[label] += 1
        if times[label] > 1:
            found[i] = f"{label} ({seen[label]})"
    return found
