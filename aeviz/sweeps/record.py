"""The record of a sweep: what it varies, and what became of each trial.

It is one JSON file, `runs/.sweeps/<id>/sweep.json`, replaced atomically. The file `lock` beside it
is locked as long as a process works on the sweep. A trial is an ordinary run; the record keeps its
values, so that they outlive a deleted run.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, Self

from aeviz import limits
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import atomic, json_file, locks
from aeviz.io.paths import sweeps_dir
from aeviz.sweeps.space import Axis, Settings, grid

Search = Literal["grid", "random", "tpe"]
Measure = Literal["loss", "recon", "mse"]
State = Literal["running", "done", "pruned", "stopped", "failed"]

MEASURES: Final[dict[Measure, str]] = {
    "loss": "validation loss",
    "recon": "reconstruction loss on validation images",
    "mse": "MSE per pixel on validation images",
}
"""What a sweep can minimise: a term of the validation in metrics.jsonl, and its name."""

LONGEST_NAME: Final = 60

_CHANGE_RECON: Final = {"loss.reconstruction", "corruption.kind", "corruption.amount"}
_CHANGE_LOSS: Final = _CHANGE_RECON | {
    "bottleneck.kind", "loss.beta", "loss.penalty", "loss.weight", "loss.rho"
}  # fmt: skip
"""Settings that change what a term measures: two values of it cannot be compared then."""


def comparable(measure: Measure, axes: tuple[Axis, ...]) -> bool:
    """Whether this term means the same in all trials."""
    keys = {axis.key for axis in axes}
    if measure == "mse":
        return True
    return not keys & (_CHANGE_LOSS if measure == "loss" else _CHANGE_RECON)


@dataclass(frozen=True)
class Plan:
    """What identifies a sweep: two with the same plan are the same sweep. The number of random
    trials is not part of it, so a sweep can be continued with more of them."""

    name: str
    config: RunConfig
    axes: tuple[Axis, ...]
    search: Search = "grid"
    asha: bool = False
    measure: Measure = "loss"

    @property
    def id(self) -> str:
        """The name in lower case, and a hash of the plan. A setting that a later version adds does
        not change it, as long as it has its default."""
        usual = RunConfig().flat()
        changed = {key: value for key, value in self.config.flat().items() if value != usual[key]}
        data = json.dumps({**self.to_dict(), "config": changed}, sort_keys=True)
        digest = hashlib.sha256(data.encode()).hexdigest()
        stem = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40]
        return f"{stem or 'sweep'}-{digest[:8]}"

    def settings(self) -> list[Settings]:
        """The trials of a grid, in their order."""
        return list(grid(self.axes))

    def config_of(self, trial: Trial) -> RunConfig:
        """The configuration of the trial's run, which is named after the sweep and the trial."""
        return self.config.replace(**trial.settings, name=f"{self.name} {trial.number}")

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "config": self.config.to_dict()}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The inverse of `to_dict`; ValueError, TypeError or KeyError if it is not one."""
        axes = tuple(Axis(**{**axis, "values": tuple(axis["values"])}) for axis in data.pop("axes"))
        return cls(config=RunConfig.from_dict(data.pop("config")), axes=axes, **data)


@dataclass
class Trial:
    """One run of a sweep, the `number`-th from 1 on. `run`: the id of its run; "" before it has
    one. `reports`: the measure after the epochs at which trials are compared, by epoch. `value`:
    the measure at the end; None before. `message`: why it ended before it was done."""

    number: int
    settings: Settings
    run: str = ""
    state: State = "running"
    reports: dict[int, float] = field(default_factory=dict)
    value: float | None = None
    epochs: int = 0
    message: str = ""

    @property
    def is_over(self) -> bool:
        return self.state != "running"


@dataclass
class Sweep:
    """A sweep on disk; `id` is its folder's name. `count`: the planned number of trials; `trials`:
    those begun so far. `seconds`: the time that `aeviz sweep` has spent on it."""

    id: str
    plan: Plan
    count: int
    trials: list[Trial] = field(default_factory=list)
    created: float = 0.0
    seconds: float = 0.0

    @property
    def folder(self) -> Path:
        return sweeps_dir() / self.id

    @property
    def is_going(self) -> bool:
        """Whether a process works on it."""
        return locks.held(self.folder / "lock")

    @property
    def is_complete(self) -> bool:
        over = [trial for trial in self.trials if trial.is_over]
        return len(over) == len(self.trials) >= self.count

    @property
    def best(self) -> Trial | None:
        """The finished trial with the lowest value."""
        done = [trial for trial in self.trials if trial.state == "done" and trial.value is not None]
        return min(done, key=lambda trial: trial.value or 0.0, default=None)

    def save(self) -> None:
        """Write the record; UserError if that fails."""
        data = {**asdict(self), "plan": self.plan.to_dict()}
        atomic.write_bytes(self.folder / "sweep.json", json.dumps(data).encode())


def opened(plan: Plan, count: int) -> Sweep:
    """The sweep of this plan, from the disk if it was begun before."""
    path = sweeps_dir() / plan.id / "sweep.json"
    try:
        sweep = _read(path)
    except FileNotFoundError:
        return Sweep(plan.id, plan, count, created=time.time())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: delete it to begin the sweep again.") from error
    return replace(sweep, count=max(count, len(sweep.trials)))


def sweeps() -> list[Sweep]:
    """All sweeps on disk that can be read, newest first."""
    found = []
    for path in sweeps_dir().glob("*/sweep.json"):
        try:
            stat = path.stat()
            found.append(_cached(path, stat.st_mtime_ns, stat.st_size))
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda sweep: sweep.created, reverse=True)


@lru_cache(100)
def _cached(path: Path, changed: int, size: int) -> Sweep:
    """The sweep in a file of this time and size. It is shared: nobody may change it."""
    return _read(path)


def _read(path: Path) -> Sweep:
    """OSError or ValueError if the file cannot be read, or is not the record of its folder."""
    with path.open("rb") as file:
        text = file.read(json_file.MAX_BYTES + 1)
    if len(text) > json_file.MAX_BYTES:
        raise ValueError("too large")
    try:
        data = json_file.parse(text)
        plan, trials = Plan.from_dict(data.pop("plan")), data.pop("trials")
        data["trials"] = [_trial(row, plan) for row in trials]
        sweep = Sweep(**data | {"id": path.parent.name, "plan": plan})
        sound = len(trials) <= limits.SWEEP_TRIALS and all(
            map(json_file.is_number, (sweep.count, sweep.created, sweep.seconds))
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a sweep") from error
    if not sound:
        raise ValueError("not a sweep")
    return sweep


def _trial(row: dict[str, Any], plan: Plan) -> Trial:
    reports = {int(epoch): value for epoch, value in row.pop("reports").items()}
    trial = Trial(reports=reports, **row)
    numbers = [*reports.values(), *([] if trial.value is None else [trial.value])]
    if not all(map(json_file.is_number, (trial.number, trial.epochs, *numbers))):
        raise ValueError("not a number")
    if set(trial.settings) != {axis.key for axis in plan.axes}:
        raise ValueError("other settings")
    if not all(axis.has(trial.settings[axis.key]) for axis in plan.axes):
        raise ValueError("not a value of the sweep")
    return trial
