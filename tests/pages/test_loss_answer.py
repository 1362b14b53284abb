"""A run's page says whether its loss is good, where the run has what it takes to say so."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aeviz.evaluation.baselines import Baseline
from aeviz.presets import preset
from aeviz.training import runs
from aeviz.training.runs import Run, Status

SAID = "On the validation images the network is at"
INDEX = Path(__file__).resolve().parents[2] / "pages" / "index.py"
LINES = [
    Baseline("pca", "recon", 100.0, "PCA with 32 numbers", "PCA is at 100.0."),
    Baseline("floor", "recon", 40.0, "entropy floor", "No network can come below 40.0."),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that ended after two epochs."""
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path))
    run = runs.create(preset("standard").config)
    for epoch, recon in ((1, 120.0), (2, 90.0)):
        terms = {"loss": recon, "recon": recon, "kl": 0.0, "penalty": 0.0}
        run.append_metrics({"step": epoch, "epoch": epoch, **terms, "validation": terms})
    run.write_status(Status("done", epoch=2, step=2, steps=2, created=time.time()))
    return run


def texts(run: Run) -> str:
    app = AppTest.from_file(str(INDEX), default_timeout=120)
    app.switch_page("train.py")
    app.query_params["run"] = run.id
    app.run()
    assert not app.exception
    found = [item.value for item in app.markdown]
    assert any("Reconstruction (nats per image)" in text for text in found)
    return "\n".join(found)


def test_the_answer_is_under_the_curve(run: Run) -> None:
    rows = [asdict(line) for line in LINES]
    (run.folder / "baselines.json").write_text(json.dumps(rows))
    said = f"{SAID} 90.0 nats per image, better than PCA with 32 numbers (100.0)."
    assert said in texts(run)


def test_a_run_without_baselines_opens_without_the_answer(run: Run) -> None:
    assert "Is this loss good?" not in texts(run)
