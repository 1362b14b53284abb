"""The list of restoration tasks for the page (`GET tasks`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from aeviz.degradations import DEGRADATIONS, Degradation
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.restoration.filters import BASELINES
from aeviz.restoration.tasks import TASKS, Task
from aeviz.server.photos.jobs import BOTTLENECK, BOTTLENECK_MODEL

_BOTTLENECK_SAYS: Final = (
    "The same network without skip connections: everything must pass through the code."
)


def tasks() -> list[dict[str, Any]]:
    """The tasks whose model is available, with their controls, baselines and the model's card."""
    available = {info.name: info for info in library.restorers()}
    return [_entry(task, available) for task in TASKS.values() if task.model in available]


def _entry(task: Task, available: dict[str, ModelInfo]) -> dict[str, Any]:
    filters = [BASELINES[name] for name in task.baselines if BASELINES[name].available()]
    baselines = [{"name": each.name, "title": each.title, "says": each.says} for each in filters]
    bottleneck = available.get(BOTTLENECK_MODEL)
    if bottleneck is not None and bottleneck.config.corruption.kind == task.damage:
        baselines.append({"name": BOTTLENECK, "title": "Without skips", "says": _BOTTLENECK_SAYS})
    return {
        "name": task.name,
        "title": task.title,
        "says": task.says,
        "scale": task.scale,
        "mask": task.mask,
        "slider": asdict(task.slider) if task.slider else None,
        "damage": _degradation(DEGRADATIONS[task.damage]),
        "baselines": baselines,
        "model": {"name": task.model, **available[task.model].card},
    }


def _degradation(degradation: Degradation) -> dict[str, Any]:
    """The degradation that the page can add; low, high and default are null if it has only one
    strength."""
    fixed = degradation.low == degradation.high
    return {
        **{key: getattr(degradation, key) for key in ("name", "label", "unit")},
        **{key: None if fixed else getattr(degradation, key) for key in ("low", "high", "default")},
    }
