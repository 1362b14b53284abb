"""Networks that outlive their task: which tasks store one, and that it opens as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aeviz.experiments import table
from aeviz.models import checkpoint

DIGITS = {"dataset": "digits", "steps": 20}
STORED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "balance": ({"betas": "0,0.1,1000"}, {"0.1-0": "beta 0.1"}),
    "capacity": (
        {"images": "20,50,200", "depths": "1,2", "width": 16},
        {"1x20-0": "1 layer, 20 images", "2x50-0": "", "sparse-0": "sparse"},
    ),
    "clustering": (
        {"images": 100, "spaces": "pixels,AE"},
        {"pixels-0": "", "ae-0": "AE"},
    ),
    "code-size": ({"sizes": "1,8"}, {"pca": "", "vae-1-0": "VAE, 1 number", "vae-1-1": ""}),
    "disentangle": (
        {"dataset": "shapes", "images": 500, "size": 2},
        {"8-0": "beta 8"},
    ),
    "few-labels": (
        {"labels": "10", "pretraining": 20, "size": 4},
        {"codes-0": "pretrained autoencoder", "fine-tuned-0": ""},
    ),
    "likelihood": ({"counts": "1,2", "images": 10}, {"2-0": "2 numbers"}),
    "linear-is-pca": ({"size": 3, "steps": 50}, {"none-0": "linear, 3 numbers"}),
    "regularity": ({"size": 2}, {"vae-0": "VAE", "vae-1": ""}),
    "reparameterise": ({"size": 2}, {"noise-1": "", "cut-0": "no gradient"}),
}
"""Parameters, and what some of the tasks store; "" for nothing."""


@pytest.mark.parametrize("name", STORED)
def test_tasks_of_the_first_seed_store_their_network(name: str, tmp_path: Path) -> None:
    changes, expected = STORED[name]
    experiment = table.find(name)
    params = experiment.build(DIGITS | changes)
    tasks = {task.key: task for task in experiment.tasks(params)}
    for key, title in expected.items():
        stored = experiment.work(params, tasks[key]).stored
        assert (stored.name if stored else "") == title
        if stored:
            path = tmp_path / f"{key}.safetensors"
            path.write_bytes(stored.model)
            loaded = checkpoint.load(path)
            assert loaded.gallery is not None
            assert loaded.gallery.latents.isfinite().all()
            assert loaded.card["dataset"] == params.dataset
