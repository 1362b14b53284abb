"""The reference results that ship with aeviz: each can be read and belongs to its experiment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aeviz.experiments import document, parameters, table

FOLDER = Path(__file__).parents[2] / "checkpoints" / "lab"
FILES = sorted(FOLDER.glob("*.json"))
MAX_TOTAL = 6 * 10**6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_the_whole_result_at_the_reference_scale(path: Path) -> None:
    experiment = table.find(path.stem)
    known = document.reference(experiment)
    assert known is not None
    assert known.result.complete
    asked = experiment.build(dict(experiment.reference))
    assert parameters.plain(known.result.parameters) == parameters.plain(asked)
    stored = json.loads(path.read_text())["verdict"]
    assert experiment.verdict(known.result).outcome == stored["outcome"]


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in FILES) <= MAX_TOTAL


@pytest.mark.parametrize("name", table.MODULES)
def test_results_at_both_scales_are_about_the_same_question(name: str) -> None:
    experiment = table.find(name)
    live, full = experiment.build({}), experiment.build(dict(experiment.reference))
    other = ["shape"] if name == "points-3d" else []  # live: the surface that takes fewer steps
    assert experiment.incomparable(live, full) == other
    case = experiment.build(dict(experiment.break_it.changes))
    changed = [key for key in experiment.break_it.changes if key in experiment.comparable]
    assert set(experiment.incomparable(live, case)) <= set(changed)
