"""What can be done to a photo here, as the page is told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from aeviz.degradations import DEGRADATIONS, Degradation
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.restoration.filters import BASELINES
from aeviz.restoration.tasks import TASKS, Task
from aeviz.server.photos.jobs import BOTTLENECK, BOTTLENECK_MODEL

_BOTTLENECK_SAYS: Final = "The same network where all has to pass through the code."


def tasks() -> list[dict[str, Any]]:
    """The tasks whose model is there, each with its controls, its rivals and its model's card."""
    there = {info.name: info for info in library.restorers()}
    return [_told(task, there) for task in TASKS.values() if task.model in there]


def _told(task: Task, there: dict[str, ModelInfo]) -> dict[str, Any]:
    filters = [BASELINES[name] for name in task.baselines if BASELINES[name].available()]
    rivals = [{"name": each.name, "title": each.title, "says": each.says} for each in filters]
    bottleneck = there.get(BOTTLENECK_MODEL)
    if bottleneck is not None and bottleneck.config.corruption.kind == task.damage:
        rivals.append({"name": BOTTLENECK, "title": "Without skips", "says": _BOTTLENECK_SAYS})
    return {
        "name": task.name,
        "title": task.title,
        "says": task.says,
        "scale": task.scale,
        "mask": task.mask,
        "slider": asdict(task.slider) if task.slider else None,
        "damage": _damage(DEGRADATIONS[task.damage]),
        "baselines": rivals,
        "model": {"name": task.model, **there[task.model].card},
    }


def _damage(damage: Degradation) -> dict[str, Any]:
    """The damage that the page can add; low, high and default are null where it has one amount."""
    told = {key: getattr(damage, key) for key in ("name", "label", "unit")}
    one = damage.low == damage.high
    return {
        **told,
        **{key: None if one else getattr(damage, key) for key in ("low", "high", "default")},
    }
