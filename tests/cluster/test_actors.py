"""What a training gets of a cluster: by its processors, one GPU, or several."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from aeviz.cluster import actors
from aeviz.cluster.actors import Share
from aeviz.errors import UserError


def cluster(**resources: float) -> SimpleNamespace:
    return SimpleNamespace(cluster_resources=lambda: resources)


@pytest.mark.parametrize(
    ("resources", "share", "trainings"),
    [
        ({"CPU": 8.0}, Share(1, 0.0), 8),
        ({"CPU": 8.0, "GPU": 1.0}, Share(1, 0.25), 4),
        ({"CPU": 2.0, "GPU": 1.0}, Share(1, 0.25), 2),
        ({"CPU": 64.0, "GPU": 8.0}, Share(1, 0.25), 32),
        ({}, Share(1, 0.0), 0),
    ],
)
def test_shares(resources: dict[str, float], share: Share, trainings: int) -> None:
    found = actors.share(cluster(**resources))
    assert found == share
    assert found.fits(resources) == trainings


def test_one_large_model_gets_whole_gpus() -> None:
    assert actors.share(cluster(CPU=8, GPU=2), whole_gpu=True) == Share(1, 1.0)
    assert actors.share(cluster(CPU=8), whole_gpu=True) == Share(1, 0.0)


def test_processors_of_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_RAY_CPUS", "4")
    assert actors.share(cluster(CPU=10)).fits({"CPU": 10}) == 2


@pytest.mark.parametrize("value", ["0", "-1", "half", "1.5", "99999"])
def test_a_wrong_number_of_processors(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_RAY_CPUS", value)
    with pytest.raises(UserError, match="whole number from 1 on"):
        actors.share(cluster(CPU=1))


def test_the_app_is_named_after_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_RUNS", "/a")
    first = actors.app_id()
    assert first == actors.app_id()
    monkeypatch.setenv("AEVIZ_RUNS", "/b")
    assert first != actors.app_id()
