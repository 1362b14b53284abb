"""The runs on the disk as rows of a list, and how rows are sorted and filtered.

A class's list is looked at by thirty browsers every few seconds. So no model is opened for it, and
what was read of a run is kept until one of its files changes: a hundred runs are a hundred looks
into folders.
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
    after the best one where early stopping keeps that; None before the first is over. `mse`: per
    pixel, likewise; None for runs of an older aeviz, too. `measured`: the lines of metrics.jsonl
    that have a validation. `place`: in the queue, 1 is next; None where it does not wait."""

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
_kept: dict[Path, tuple[Stamp, Row]] = {}


def rows() -> list[Row]:
    """All runs that can be read, newest first."""
    places = queue.places()
    found = {run.folder: _row(run, places.get(run.id)) for run in store.runs()}
    for folder in set(_kept) - set(found):
        _kept.pop(folder, None)
    return [row for row in found.values() if row is not None]


def _row(run: Run, place: int | None) -> Row | None:
    try:
        stamp = _stamp(run.folder)
        kept = _kept.get(run.folder)
        if kept is None or kept[0] != stamp:
            kept = _kept[run.folder] = (stamp, _read(run))
        row = kept[1]
        if row.status.phase not in OVER:  # its process counts, too, of which no file tells
            row = replace(row, status=run.status, place=place)
        return row
    except (UserError, OSError):  # removed or damaged: it is no longer a run
        return None


def _stamp(folder: Path) -> Stamp:
    """Changes when a file that the row is read from does; with the model file's being there."""
    with os.scandir(folder) as entries:
        there = {entry.name: entry for entry in entries if entry.name in (*_WATCHED, _MODEL)}
    stats = (there[name].stat() for name in _WATCHED if name in there)
    marks = [(stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats]
    return (*marks, (len(there), _MODEL in there, 0))


def _read(run: Run) -> Row:
    config = run.config
    measured = tuple(row for row in run.metrics() if "validation" in row)
    kept = reached(measured, config.training.patience > 0)
    return Row(
        run=run,
        name=run.name or title(config),
        owner=run.owner,
        config=config,
        status=run.status,
        loss=kept.get("loss"),
        measured=measured,
        has_model=run.model_path.is_file(),
        mse=kept.get("mse"),
    )


def reached(metrics: Iterable[dict[str, Any]], best: bool = False) -> dict[str, float]:
    """What the last epoch among the lines of metrics.jsonl, or the `best` by its loss, reached on
    the validation images: those terms that are finite numbers, nothing where no loss is one."""
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
"""What a list can be sorted by: the smallest first. Losses are ranked among their own kind."""


def ordered(found: Iterable[Row], by: str = "age", falling: bool = False) -> list[Row]:
    """Sorted by one of SORTS; among equals the newest comes first, and what has no value comes last
    in either direction."""
    key = SORTS[by]
    newest = sorted(found, key=SORTS["age"])
    known = [row for row in newest if key(row) is not None]
    unknown = [row for row in newest if key(row) is None]
    return sorted(known, key=key, reverse=falling) + unknown


def matching(found: Sequence[Row], text: str, words_of: Callable[[Row], str]) -> list[Row]:
    """The rows whose words hold each word of the text, in whatever case and order."""
    wanted = text.casefold().split()
    return [row for row in found if all(word in words_of(row).casefold() for word in wanted)]
