from __future__ import annotations

import pytest
import torch

from aeviz.config import NetworkConfig, RunConfig
from aeviz.datasets import DATASETS
from aeviz.errors import UserError
from aeviz.presets import PRESETS
from aeviz.training import estimate as module
from aeviz.training.estimate import activations, estimate, multiplications

SHAPE = (1, 28, 28)


def test_a_dense_network_by_hand() -> None:
    config = PRESETS["vae"].config
    cost = estimate(config)
    # 784-400-(20, 20) and 20-400-784, with biases
    assert cost.parameters == (784 * 400 + 400) + 2 * (400 * 20 + 20) + (20 * 400 + 400) + (
        400 * 784 + 784
    )
    assert cost.compression == pytest.approx(784 / 20)
    assert multiplications(config.network, 20, SHAPE) == 784 * 400 + 400 * 20
    assert activations(config, SHAPE) == 2 * (784 + 400) + 60


def test_a_conv_network_by_hand() -> None:
    network = NetworkConfig(kind="conv", channels=(8, 16), hidden=(32,))
    # 28 -> 14 -> 7; 12 for the mean of a 3x3 and a 4x4 kernel
    wanted = 14 * 14 * 8 * 12 * 1 + 7 * 7 * 16 * 12 * 8 + 16 * 7 * 7 * 32 + 32 * 5
    assert multiplications(network, 5, SHAPE) == wanted


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_trained_here(name: str) -> None:
    cost = estimate(PRESETS[name].config)
    assert cost.parameters > 0
    assert 0 < cost.seconds < 24 * 3600


@pytest.mark.parametrize(
    "changes",
    [{"training.epochs": 40}, {"network.hidden": [2000]}, {"training.batch_size": 1},
     {"dataset": "mnist"}],
)  # fmt: skip
def test_more_work_takes_longer(changes: dict[str, object]) -> None:
    config = PRESETS["vae"].config
    assert estimate(config.replace(**changes)).seconds > estimate(config).seconds


def test_what_does_not_fit_into_memory_is_refused_before_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = PRESETS["contractive"].config.replace(
        **{"bottleneck.latent_dim": 4096, "training.batch_size": 8192}
    )
    monkeypatch.setattr(module, "memory_of", lambda device: 16 * 2**30)
    with pytest.raises(UserError, match=r"need about [\d,]+ GB .* smaller"):
        estimate(config)
    assert estimate(PRESETS["contractive"].config).bytes < 2**30


def test_other_reasons_not_to_train_are_sentences_too() -> None:
    with pytest.raises(UserError, match="million parameters"):
        estimate(RunConfig().replace(**{"network.hidden": [8192, 8192, 8192]}))
    with pytest.raises(UserError, match="no data set"):
        estimate(RunConfig(dataset="nothing"))
    for size in (1, DATASETS["mnist-5k"].counts[0] - 1):
        alone = {"network.norm": "batch", "training.batch_size": size}
        with pytest.raises(UserError, match="Batch norm needs at least two images"):
            estimate(RunConfig().replace(**alone))
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="no cuda device"):
            estimate(RunConfig().replace(**{"training.device": "cuda"}))
