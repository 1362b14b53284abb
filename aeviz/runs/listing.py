"""The runs on the disk as rows of a list, and how rows are sorted and filtered.

In a class, thirty browsers reload the list every few seconds. So no model is opened for it, and a
row is cached until one of the run's files changes: to list a hundred runs, a hundred folders are
scanned.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.presets.autoencoders import title
from aeviz.runs import queue, store
from aeviz.runs.store import OVER, Phase, Run, Status


@dataclass(frozen=True)
class Row:
    """One run as the list shows it. `loss`: on the validation images, after the last epoch, or
    after the best one if early stopping keeps that; None before the first epoch has ended. `mse`:
    likewise, per pixel; None also for runs of older versions. `measured`: the lines of
    metrics.jsonl that have a validation. `place`: in the queue, 1 is next; None if it does not
    wait."""

    run: Run
    name: str
    owner: str
    config: RunConfig
    status: Status
    loss: float | None = None
    measured: tuple[dict[str, Any], ...] = ()
    place: int | None = None
    has_model: bool = False
    mse: float | None = None

    @property
    def id(self) -> str:
        return self.run.id


Stamp = tuple[tuple[int, int, int], ...]
_WATCHED: Final = ("config.json", "status.json", "metrics.jsonl", "name", "owner")
_MODEL: Final = "model.safetensors"
_cache: dict[Path, tuple[Stamp, Row]] = {}


def rows() -> list[Row]:
    """All runs that can be read, newest first."""
    places = queue.places()
    found = {run.folder: _row(run, places.get(run.id)) for run in store.runs()}
    for folder in set(_cache) - set(found):
        _cache.pop(folder, None)
    return [row for row in found.values() if row is not None]


def _row(run: Run, place: int | None) -> Row | None:
    try:
        stamp = _stamp(run.folder)
        entry = _cache.get(run.folder)
        if entry is None or entry[0] != stamp:
            entry = _cache[run.folder] = (stamp, _read(run))
        row = entry[1]
        if (
            row.status.phase not in OVER
        ):  # the status depends on its process, too, not only on files
            row = replace(row, status=run.status, place=place)
        return row
    except (UserError, OSError):  # removed or damaged: it is no longer a run
        return None


def _stamp(folder: Path) -> Stamp:
    """A value that changes with the files that the row is read from. Of the model file, only its
    existence counts."""
    with os.scandir(folder) as entries:
        there = {entry.name: entry for entry in entries if entry.name in (*_WATCHED, _MODEL)}
    stats = (there[name].stat() for name in _WATCHED if name in there)
    marks = [(stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats]
    return (*marks, (len(there), _MODEL in there, 0))


def _read(run: Run) -> Row:
    config = run.config
    measured = tuple(row for row in run.metrics() if "validation" in row)
    terms = final_terms(measured, config.training.patience > 0)
    return Row(
        run=run,
        name=run.name or title(config),
        owner=run.owner,
        config=config,
        status=run.status,
        loss=terms.get("loss"),
        measured=measured,
        has_model=run.model_path.is_file(),
        mse=terms.get("mse"),
    )


def final_terms(metrics: Iterable[dict[str, Any]], best: bool = False) -> dict[str, float]:
    """The terms on the validation images after the last epoch in the lines of metrics.jsonl, or
    after the one with the lowest loss if `best`. Only finite numbers; empty if no loss is finite.
    """
    rows = [_finite(row["validation"]) for row in metrics if "validation" in row]
    rows = [row for row in rows if "loss" in row]
    if not rows:
        return {}
    return min(rows, key=lambda row: row["loss"]) if best else rows[-1]


def _finite(terms: dict[str, Any]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in terms.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


# ---- order and choice ----------------------------------------------------------------------------

_PHASES: Final[tuple[Phase, ...]] = (
    "running", "finishing", "queued", "done", "stopped", "failed"
)  # fmt: skip
Key = Callable[[Row], Any]
SORTS: Final[dict[str, Key]] = {
    "name": lambda row: row.name.casefold(),
    "owner": lambda row: row.owner,
    "status": lambda row: (_PHASES.index(row.status.phase), row.place or 0),
    "dataset": lambda row: row.config.dataset.casefold(),
    "type": lambda row: row.config.type,
    "epochs": lambda row: row.status.epoch,
    "mse": lambda row: row.mse,
    "loss": lambda row: None if row.loss is None else (row.config.loss.reconstruction, row.loss),
    "age": lambda row: -row.status.created,
}
"""What a list can be sorted by, smallest first. Losses are compared with others of their kind."""


def sort_rows(found: Iterable[Row], by: str = "age", falling: bool = False) -> list[Row]:
    """The rows sorted by one of SORTS. Among equals the newest comes first; rows without a value
    come last in both directions."""
    key = SORTS[by]
    newest = sorted(found, key=SORTS["age"])
    known = [row for row in newest if key(row) is not None]
    unknown = [row for row in newest if key(row) is None]
    return sorted(known, key=key, reverse=falling) + unknown


def filter_rows(found: Sequence[Row], text: str, words_of: Callable[[Row], str]) -> list[Row]:
    """The rows whose words contain each word of the text, in any case and order."""
    wanted = text.casefold().split()
    return [row for row in found if all(word in words_of(row).casefold() for word in wanted)]
