"""The reference results that ship with aeviz: each can be read and belongs to its experiment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aeviz.experiments import document, parameters, table
from aeviz.experiments.statistics import interval

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


def test_each_experiment_has_one() -> None:
    assert {path.stem for path in FILES} == set(table.MODULES)


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in FILES) <= MAX_TOTAL


@pytest.mark.parametrize("name", table.MODULES)
def test_results_at_both_scales_are_about_the_same_question(name: str) -> None:
    experiment = table.find(name)
    live, full = experiment.build({}), experiment.build(dict(experiment.reference))
    assert experiment.incomparable(live, full) == []
    case = experiment.build(dict(experiment.break_it.changes))
    changed = [key for key in experiment.break_it.changes if key in experiment.comparable]
    assert set(experiment.incomparable(live, case)) <= set(changed)


def all_of(name: str, measure: str, **of: object) -> list[float]:
    known = document.reference(table.find(name))
    assert known is not None
    return known.result.of(measure, **of)


def values(name: str, column: str, **of: object) -> list[Any]:
    known = document.reference(table.find(name))
    assert known is not None
    return known.result.values(column, **of)


def last_step(name: str) -> int:
    return max(values(name, "step", arm="linear"))


def mean(name: str, measure: str, **of: object) -> float:
    return interval(all_of(name, measure, **of)).mean


def test_networks_reach_what_is_known_of_them() -> None:
    """Figures of the literature, or of PCA on the same images (`checkpoints/lab/README.md`)."""
    assert mean("code-size", "mse", arm="dense", size=16) <= 0.0075
    assert min(all_of("code-size", "pca_numbers", arm="conv", size=32)) > 90
    assert max(all_of("linear-is-pca", "angle", step=last_step("linear-is-pca"))) <= 0.5
    assert mean("clustering", "acc", arm="UMAP of AE + Gaussian mixture") >= 0.95
    assert mean("few-labels", "error", arm="code + label spreading", labels=100) <= 0.118
    assert mean("likelihood", "nll", arm="40 numbers", k=5000) <= 90.2


def test_every_rate_of_a_code_has_a_smaller_error_than_pca() -> None:
    rates = [bits for bits in values("compression", "bits", arm="VAE") if 16 <= bits <= 128]
    assert len(rates) >= 4
    for bits in rates:
        own, rival = (mean("compression", key, arm="VAE", bits=bits) for key in ("mse", "pca_mse"))
        assert own < rival


def test_no_plain_method_finds_anomalies_clearly_better() -> None:
    areas = {arm: mean("anomaly", "auc", arm=arm) for arm in values("anomaly", "arm", shown="main")}
    networks = [area for arm, area in areas.items() if arm.startswith(("AE", "DAE", "VAE"))]
    assert max(networks) >= max(areas.values()) - 0.005
    assert max(networks) >= 0.948
