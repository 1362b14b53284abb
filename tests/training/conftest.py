"""Small data and small networks, and a separate runs folder for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split


def bars(count: int, seed: int) -> Split:
    """8x8 images of one grey bar each, vertical (class 0) or horizontal (class 1)."""
    noise = torch.Generator().manual_seed(seed)
    place = torch.randint(0, 7, (count,), generator=noise)
    grey = torch.randint(128, 256, (count,), generator=noise, dtype=torch.uint8)
    lying = torch.arange(count) % 2
    images = torch.zeros(count, 1, 8, 8, dtype=torch.uint8)
    for i in range(count):
        rows: Tensor = images[i, 0].T if lying[i] else images[i, 0]
        rows[:, place[i] : place[i] + 2] = grey[i]
    return Split(images, lying)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return Dataset(
        name="bars",
        title="Bars",
        class_names=("upright", "lying"),
        factor_names=(),
        train=bars(100, 0),
        validation=bars(40, 1),
        test=bars(40, 2),
        sha256="0" * 64,
    )


@pytest.fixture(scope="session")
def config() -> RunConfig:
    """A dense VAE with 20 nodes and a code of 3, for 3 epochs of 4 steps (32, 32, 32, 4 images)."""
    return RunConfig(type="vae", dataset="bars").replace(
        **{
            "network.hidden": [20],
            "bottleneck.kind": "gaussian",
            "bottleneck.latent_dim": 3,
            "training.epochs": 3,
            "training.batch_size": 32,
            "training.device": "cpu",
        }
    )


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path))
    return tmp_path
