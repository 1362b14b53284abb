"""What a training gets of a cluster: by its processors, one GPU, or several."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from aeviz.cluster import actors
from aeviz.cluster.actors import Share
from aeviz.errors import UserError


def cluster(**resources: float) -> SimpleNamespace:
    return SimpleNamespace(total=[resources])


@pytest.fixture(autouse=True)
def board(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no cluster whose board could report what it has."""
    monkeypatch.setattr(actors, "resources", lambda ray: ray)


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
    assert found.fits([resources]) == trainings


def test_one_large_model_gets_whole_gpus() -> None:
    assert actors.share(cluster(CPU=8, GPU=2), whole_gpu=True) == Share(1, 1.0)
    assert actors.share(cluster(CPU=8), whole_gpu=True) == Share(1, 0.0)


def test_processors_of_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_RAY_CPUS", "4")
    assert actors.share(cluster(CPU=10)).fits([{"CPU": 10}]) == 2


def test_a_training_fits_into_one_machine() -> None:
    """Not into what several machines have left."""
    assert Share(4, 0.0).fits([{"CPU": 6.0}] * 2) == 2
    assert Share(4, 0.0).fits([{"CPU": 2.0}] * 4) == 0
    assert Share(1, 0.25).fits([{"CPU": 8.0}, {"CPU": 1.0, "GPU": 1.0}]) == 1


def test_no_trainer_is_made_that_fits_into_no_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def get_actor(name: str) -> None:
        raise ValueError("there is none")

    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RAY_CPUS", "4")
    left = [{"CPU": 2.0}] * 2
    ray = SimpleNamespace(get_actor=get_actor, total=[{"CPU": 6.0}] * 2, free=left)
    assert actors.trainer(ray, object, 2) is None


@pytest.mark.parametrize("value", ["0", "-1", "half", "1.5", "99999"])
def test_a_wrong_number_of_processors(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_RAY_CPUS", value)
    with pytest.raises(UserError, match="whole number from 1 on"):
        actors.share(cluster(CPU=1))


def test_the_app_is_named_after_its_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not after its machine: several servers may share their runs."""
    names = []
    for machine, runs in (("a", "runs"), ("b", "runs"), ("b", "others")):
        monkeypatch.setattr(socket, "gethostname", lambda machine=machine: machine)
        monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / runs))
        names.append(actors.app_id())
    assert names[0] == names[1] != names[2]
