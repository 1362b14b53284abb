"""Runs that are trained on machines of a cluster, and what happens if one is unplugged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from waiting import until

from aeviz.cluster import actors, connection
from aeviz.config import RunConfig
from aeviz.datasets import custom_images
from aeviz.presets.autoencoders import settings_for
from aeviz.runs import queue, spawn
from aeviz.runs.remote.trainer import Trainer
from aeviz.runs.store import Run

pytestmark = pytest.mark.ray


def config(epochs: int = 3) -> RunConfig:
    return settings_for("vae", "digits").replace(
        **{"training.epochs": epochs, "network.hidden": [16], "bottleneck.latent_dim": 2}
    )


def over(run: Run) -> Run:
    until(lambda: run.is_over, lambda: (run.status, (run.folder / "worker.log").read_text()), 180)
    return run


def trained_here(settings: RunConfig, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same run, trained on this machine."""
    with monkeypatch.context() as patch:
        patch.delenv("AEVIZ_RAY")
        patch.setenv("AEVIZ_RUNS", str(runs))
        patch.setenv("OMP_NUM_THREADS", "1")
        return over(spawn.start(settings))


def same_weights(one: Run, other: Run) -> bool:
    """Whether the final states are equal to the bit: weights, optimizer and random numbers."""
    mine, theirs = (load_file(run.resume_path) for run in (one, other))
    return mine.keys() == theirs.keys() and all(
        np.array_equal(mine[key], theirs[key]) for key in mine
    )


def test_a_run_is_trained_elsewhere_as_it_would_be_here(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = over(spawn.start(config()))
    assert (run.status.phase, run.status.epoch) == ("done", 3)
    here = trained_here(config(), tmp_path / "here", monkeypatch)
    files = [
        sorted(str(p.relative_to(r.folder)) for p in r.folder.rglob("*.*")) for r in (run, here)
    ]
    assert files[0] == files[1]
    assert same_weights(run, here)
    epochs = [[row for row in each.metrics() if "validation" in row] for each in (run, here)]
    assert [row["loss"] for row in epochs[0]] == [row["loss"] for row in epochs[1]]


def test_a_run_on_an_own_data_set_is_trained_elsewhere(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other machine gets it from here."""
    monkeypatch.setenv("AEVIZ_DATASETS", str(tmp_path / "datasets"))
    images = torch.arange(60, dtype=torch.uint8).view(60, 1, 1, 1).expand(60, 1, 16, 16)
    name = custom_images.keep("Sixty", images, torch.arange(60) % 2, {"class_names": ("a", "b")})
    run = over(spawn.start(config().replace(dataset=name)))
    assert (run.status.phase, run.status.epoch) == ("done", 3)


def test_a_training_fits_into_one_machine(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not into what two of them have together."""
    small = cluster.add_node(num_cpus=1)
    try:
        ray = connection.connect()
        until(lambda: actors.amount(actors.resources(ray).free, "CPU") == 3)
        assert actors.allowance(ray, 5) == 3
        monkeypatch.setenv("AEVIZ_RAY_CPUS", "2")
        assert actors.allowance(ray, 5) == 1
        monkeypatch.setenv("AEVIZ_RAY_CPUS", "3")
        assert actors.trainer(ray, Trainer, 0) is None
    finally:
        cluster.remove_node(small)


def test_a_machine_is_unplugged(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on from its last epoch on another machine, to the same weights."""
    node = cluster.add_node(num_cpus=1, resources={"this": 1})
    settings = config(60)
    run = spawn.start(settings)
    until(lambda: run.status.epoch >= 2, lambda: run.status, 120)
    for machine in list(cluster.worker_nodes):
        cluster.remove_node(machine, allow_graceful=False)
    del node
    until(lambda: "does not answer" in run.status.message, lambda: run.status, 90)
    cluster.add_node(num_cpus=2)
    over(run)
    assert (run.status.phase, run.status.epoch) == ("done", 60)
    epochs = [row["epoch"] for row in run.metrics() if "validation" in row]
    assert len(epochs) == len(set(epochs)), "an epoch is there twice"
    assert same_weights(run, trained_here(settings, tmp_path / "here", monkeypatch))


def test_a_stop_reaches_the_other_machine(cluster: Any) -> None:
    run = spawn.start(config(4000))
    until(lambda: run.status.epoch >= 1, lambda: run.status, 120)
    run.request_stop()
    over(run)
    assert run.status.phase == "stopped"
    assert run.model_path.exists()
    assert "its progress is kept" in run.status.message


def test_two_apps_share_a_cluster(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ray = connection.connect()
    assert actors.allowance(ray, 5) == 2
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "other"))
    assert actors.allowance(ray, 5) == 1


def test_runs_fill_the_cluster(cluster: Any) -> None:
    """Without AEVIZ_WORKERS, as many runs train at once as the cluster has processors."""
    runs = [spawn.start(config(4000)) for _ in range(3)]
    until(lambda: sum(run.status.epoch >= 1 for run in runs) == 2, lambda: [*map(str, runs)], 120)
    assert queue.slots() == 2
    waiting = [run for run in runs if not run.status.epoch]
    assert [run.status.phase for run in waiting] == ["queued"]
    for run in runs:
        run.request_stop()
    for run in runs:
        over(run)


def test_a_trainer_is_killed(cluster: Any) -> None:
    """The run goes on from its last epoch in a new process."""
    run = spawn.start(config(60))
    until(lambda: run.status.epoch >= 2, lambda: run.status, 120)
    ray = connection.connect()
    [name] = [name for name in ray.util.list_named_actors() if name.startswith("trainer")]
    ray.kill(ray.get_actor(name))
    over(run)
    assert (run.status.phase, run.status.epoch) == ("done", 60)


def test_a_removed_run_ends_its_training(cluster: Any, tmp_path: Path) -> None:
    """Its folder is renamed, as `manage.remove` does, and the trainer is free for the next run."""
    run = spawn.start(config(4000))
    until(lambda: run.status.epoch >= 1, lambda: run.status, 120)
    run.folder.rename(tmp_path / "removed")
    assert over(spawn.start(config())).status.phase == "done"
    assert not run.folder.exists()
