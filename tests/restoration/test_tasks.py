"""The table of tasks agrees with the tables that it names."""

from __future__ import annotations

import pytest

from aeviz.degradations import DEGRADATIONS
from aeviz.presets.restorers import RESTORERS
from aeviz.restoration.filters import BASELINES
from aeviz.restoration.tasks import TASKS, Task


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_a_task_has_its_model_its_damage_and_its_rivals(task: Task) -> None:
    assert TASKS[task.name] is task
    assert RESTORERS[task.model].corruption.kind == task.damage
    assert task.damage in DEGRADATIONS
    assert set(task.baselines) <= set(BASELINES)
    assert task.scale == (int(task.name[1]) if task.name in ("x2", "x4") else 1)
    assert task.mask == (task.damage == "holes")
    assert task.says.endswith(".")
    assert len(task.says) < 80


def test_every_restorer_has_a_task_but_the_one_for_comparison() -> None:
    assert set(RESTORERS) - {task.model for task in TASKS.values()} == {"bottleneck-photo"}
