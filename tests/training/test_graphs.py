"""Gradients by a CUDA graph: the same as without, and off by default."""

from __future__ import annotations

import pytest
import torch

from aeviz.config import BottleneckConfig, NetworkConfig, RunConfig, TrainingConfig
from aeviz.datasets import Dataset
from aeviz.training import graphs
from aeviz.training.loop import train
from aeviz.training.state import begin
from benchmarks.gpu.sources import drawn_images

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def test_they_are_off_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(graphs.SWITCH, raising=False)
    assert not graphs.enabled(torch.device("cuda"))
    monkeypatch.setenv(graphs.SWITCH, "1")
    assert graphs.enabled(torch.device("cuda"))
    assert not graphs.enabled(torch.device("cpu"))


def config(kind: str) -> RunConfig:
    """384 images in batches of 100: the last batch of an epoch is smaller."""
    return RunConfig(
        type="vae",
        network=NetworkConfig(kind="conv", channels=(8, 16), hidden=(32,)),
        bottleneck=BottleneckConfig(kind=kind, latent_dim=8),  # type: ignore[arg-type]
        training=TrainingConfig(epochs=3, batch_size=100, precision="fp32"),
    )


def curve(config: RunConfig, dataset: Dataset) -> torch.Tensor:
    state = begin(config, dataset, torch.device("cuda"))
    return torch.stack([result.terms.total.clone() for result in train(state, dataset)])


@needs_gpu
def test_a_recorded_training_learns_what_another_does(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = drawn_images("mnist")
    curves = []
    for switch in ("0", "1"):
        monkeypatch.setenv(graphs.SWITCH, switch)
        curves.append(curve(config("deterministic"), dataset))
    assert torch.allclose(*curves, rtol=0.01)


@needs_gpu
def test_eps_is_drawn_anew_in_each_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(graphs.SWITCH, "1")
    dataset = drawn_images("mnist")
    still = config("gaussian").replace(**{"training.lr": 1e-8, "training.batch_size": 384})
    losses = curve(still, dataset)
    assert len(set(losses[::2].tolist())) == 3
