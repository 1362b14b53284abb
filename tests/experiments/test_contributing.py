"""The example in CONTRIBUTING.md is a whole experiment."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from aeviz.experiments import document, parameters, run, table
from aeviz.figures import lab

ROOT = Path(__file__).parents[2]


def test_one_file_and_one_row_are_an_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert found is not None
    file = tmp_path / "batch_norm.py"
    file.write_text(found[1])
    spec = spec_from_file_location("batch_norm", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "batch_norm", module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(table.MODULES, "batch-norm", "batch_norm")
    monkeypatch.setattr(table, "_imported", lambda module_name: module.EXPERIMENT)
    experiment = table.find("batch-norm")
    params = experiment.build({"dataset": "digits", "steps": 40, "seeds": 2})
    tasks = experiment.tasks(params)
    plain = parameters.plain(params)
    done = {one.key: one for one in run.in_turn("batch-norm", plain, tasks)}
    result = run.assemble("batch-norm", params, done)
    assert "the error is" in experiment.verdict(result).sentence
    assert lab.chart(experiment.charts[0], result)["data"]
    assert document.document(experiment, result, 1.0)["complete"]
    experiment.build(dict(experiment.break_it.changes))
    assert experiment.questions[2].answer(result) > 0  # type: ignore[union-attr]
