"""Results of the Lab's experiments, for tests that need finished tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aeviz.experiments import parameters, run, table
from aeviz.experiments.run import Done


def finished_tasks(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Done]]:
    """All tasks by experiment and key, done in this process with these parameters."""
    found = {}
    for name, data in experiments.items():
        params = table.find(name).build(dict(data))
        tasks = table.find(name).tasks(params)
        found[name] = {one.key: one for one in run.in_turn(name, parameters.plain(params), tasks)}
    return found
