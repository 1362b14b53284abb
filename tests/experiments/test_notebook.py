"""The notebook of a result, run from top to bottom by Jupyter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from aeviz.experiments import document, table

ROOT = Path(__file__).parents[2]


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    experiment = table.find("code-size")
    params = experiment.build({"dataset": "digits", "seeds": 1, "sizes": (2, 4), "steps": 20})
    (tmp_path / "lab.ipynb").write_text(document.notebook(experiment, params))
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "lab.ipynb"]
    ran = subprocess.run(
        [*command, "--output", "done"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    cells = json.loads((tmp_path / "done.ipynb").read_text())["cells"]
    verdict, charts = cells[3]["outputs"], cells[4]["outputs"]
    assert verdict[0]["text"][0].startswith("With 4 numbers PCA has an error of")
    assert len(charts) == len(experiment.charts)
    assert all("application/vnd.plotly.v1+json" in one["data"] for one in charts)
