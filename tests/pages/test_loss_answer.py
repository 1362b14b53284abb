"""A run's page says whether its loss is good, if the run has the values for that."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from page_tools import SECONDS
from streamlit.testing.v1 import AppTest

from aeviz.evaluation.baselines import Baseline
from aeviz.presets.autoencoders import preset
from aeviz.runs import store
from aeviz.runs.store import Run, Status
from aeviz.ui.train.run_figures import steps_per_epoch

SAID = "on the validation images its reconstruction error is"
INDEX = Path(__file__).resolve().parents[2] / "pages" / "index.py"
LINES = [
    Baseline("pca", "recon", 100.0, "PCA with 32 numbers", "PCA is at 100.0."),
    Baseline("floor", "recon", 40.0, "entropy floor", "No network can come below 40.0."),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that ended after two epochs."""
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path))
    run = store.create(preset("standard").config)
    for epoch, recon in ((1, 120.0), (2, 90.0)):
        terms = {"loss": recon, "recon": recon, "kl": 0.0, "penalty": 0.0}
        run.append_metrics({"step": epoch, "epoch": epoch, **terms, "validation": terms})
    run.write_status(Status("done", epoch=2, step=2, steps=2, created=time.time()))
    return run


def texts(run: Run) -> str:
    app = AppTest.from_file(str(INDEX), default_timeout=SECONDS)
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
    found = texts(run)
    assert f"Yes, better than PCA: {SAID} 90.0 nats per image." in found
    assert "PCA with 32 numbers is at 100.0" in found
    assert "25%" in found
    assert "train longer" in found


def test_a_training_that_failed_is_promised_nothing(run: Run) -> None:
    (run.folder / "baselines.json").write_text(json.dumps([asdict(line) for line in LINES]))
    run.write_status(Status("failed", epoch=2, step=2, steps=2, created=time.time()))
    found = texts(run)
    assert SAID in found
    assert "train longer" not in found


def test_more_epochs_are_promised_by_the_whole_loss(run: Run) -> None:
    (run.folder / "baselines.json").write_text(json.dumps([asdict(line) for line in LINES]))
    terms = {"loss": 95.0, "recon": 80.0, "kl": 15.0, "penalty": 0.0}  # the last was 90.0 in all
    run.append_metrics({"step": 3, "epoch": 3, **terms, "validation": terms})
    found = texts(run)
    assert f"{SAID} 80.0" in found
    assert "train longer" not in found


def test_the_epoch_that_early_stopping_keeps_is_the_one_that_is_told_of(run: Run) -> None:
    (run.folder / "baselines.json").write_text(json.dumps([asdict(line) for line in LINES]))
    config = run.config.replace(**{"training.patience": 1})
    (run.folder / "config.json").write_text(config.to_json())
    terms = {"loss": 110.0, "recon": 110.0, "kl": 0.0, "penalty": 0.0}
    run.append_metrics({"step": 3, "epoch": 3, **terms, "validation": terms})
    assert f"{SAID} 90.0" in texts(run)


def test_a_loss_of_several_terms_is_told_as_their_sum(run: Run) -> None:
    (run.folder / "baselines.json").write_text(json.dumps([asdict(line) for line in LINES]))
    (run.folder / "config.json").write_text(preset("vae").config.to_json())
    terms = {"loss": 177.3, "recon": 171.8, "kl": 5.5, "penalty": 0.0}
    run.append_metrics({"step": 3, "epoch": 3, **terms, "validation": terms})
    found = texts(run)
    assert "177.3 nats per image = 171.8 reconstruction + 5.5 KL" in found
    assert "PCA has no KL" in found  # at 100.0 it is ahead


def test_a_run_without_baselines_opens_without_the_answer(run: Run) -> None:
    assert "Is this good?" not in texts(run)


def test_a_run_that_is_stopped_before_it_goes_on_keeps_its_curve_and_answer(run: Run) -> None:
    (run.folder / "baselines.json").write_text(json.dumps([asdict(line) for line in LINES]))
    run.write_status(Status("stopped", epoch=2, created=time.time()))  # when it waits again
    assert SAID in texts(run)


def test_steps_of_an_epoch_are_those_it_had() -> None:
    config = preset("standard").config.replace(**{"training.epochs": 4})
    within = {"step": 7, "epoch": 0, "recon": 1.0}
    whole = within | {"step": 30, "epoch": 3, "validation": {}}
    after = within | {"step": 37, "epoch": 3}
    assert steps_per_epoch([within, whole, after], Status(), config) == 10
    assert steps_per_epoch([within], Status(steps=36), config) == 9
    assert steps_per_epoch([within], Status(), config) == 0
