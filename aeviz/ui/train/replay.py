"""The player on a run's page: a Streamlit wrapper around `aeviz/web/replay/static`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.runs.store import Run
from aeviz.server.replay.epochs import class_names
from aeviz.training import snapshots
from aeviz.training.snapshots import Snapshot
from aeviz.ui.shared.component import component


def player(
    run: Run,
    config: RunConfig,
    paths: Sequence[Path],
    newest: Snapshot,
    rows: Sequence[dict[str, Any]],
    unit: str,
    active: bool,
) -> None:
    """Replays the run's epochs. `paths` are its snapshots, `rows` the lines of metrics.jsonl.

    The page sends the list of epochs; the browser fetches each epoch itself. The time line has all
    planned epochs while the run is active, and the epochs that it trained when it is over.
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
    component("replay/static/player.js", "styles/base.css", "replay/static/replay.css")(
        key=f"aeviz-replay-{run.id}", data=data
    )


def known(paths: Sequence[Path]) -> Iterator[tuple[int, str]]:
    """(epoch, version of its file) of the snapshots that exist."""
    for path in paths:
        with contextlib.suppress(UserError):
            yield snapshots.epoch_of(path), snapshots.stamp(path)


def losses(rows: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """(epoch, validation loss) of each epoch with a measurement."""
    return [
        (int(row["epoch"]), float(row["validation"]["loss"]))
        for row in rows
        if "loss" in row.get("validation", {})
    ]
