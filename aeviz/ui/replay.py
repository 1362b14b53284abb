"""The player on a run's page: a thin Streamlit wrapper around `aeviz/replay/static`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.plots import CLASS_COLOURS
from aeviz.replay.epochs import class_names
from aeviz.training import snapshots
from aeviz.training.runs import Run
from aeviz.training.snapshots import Snapshot

_HERE = Path(__file__).parent.parent
_CSS = "\n".join(
    (_HERE / room / "static" / file).read_text()
    for room, file in (("live", "aeviz.css"), ("replay", "replay.css"))
)
# Components take inline JavaScript only; this much of it loads the real module.
_SCRIPT = """
const module = import(new URL('aeviz/replay/static/player.js', document.baseURI).href);
export default (component) => {
  let left = false, end = () => {};
  module.then((m) => { if (!left) end = m.default(component); });
  return () => { left = true; end(); };
};
"""


def player(
    run: Run,
    config: RunConfig,
    paths: Sequence[Path],
    newest: Snapshot,
    rows: Sequence[dict[str, Any]],
    unit: str,
    active: bool,
) -> None:
    """The run's epochs, replayed: `paths` are its snapshots, `rows` the lines of metrics.jsonl.

    The browser fetches each epoch by itself; what is sent from here is which there are. It spans
    the epochs that are planned while the run goes on, and those that it had when it is over.
    """
    data = {
        "run": run.id,
        "epochs": [*known(paths)],
        "losses": losses(rows),
        "total": config.training.epochs if active else snapshots.epoch_of(paths[-1]),
        "unit": unit,
        "active": active,
        "gaussian": config.bottleneck.kind == "gaussian",
        "classNames": class_names(config, newest.labels),
        "colours": CLASS_COLOURS,
    }
    _component()(key=f"aeviz-replay-{run.id}", data=data)


def known(paths: Sequence[Path]) -> Iterator[tuple[int, str]]:
    """(epoch, version of its file) of those snapshots that are on the disk."""
    for path in paths:
        with contextlib.suppress(UserError):
            yield snapshots.epoch_of(path), snapshots.stamp(path)


def losses(rows: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """(epoch, loss on the validation images) of each epoch that was measured."""
    return [
        (int(row["epoch"]), float(row["validation"]["loss"]))
        for row in rows
        if "loss" in row.get("validation", {})
    ]


def _component() -> Any:
    return st.components.v2.component("aeviz_replay", css=_CSS, js=_SCRIPT, isolate_styles=False)
