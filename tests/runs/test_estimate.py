from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aeviz.config import NetworkConfig, RunConfig
from aeviz.datasets import DATASETS
from aeviz.errors import UserError
from aeviz.io import machine
from aeviz.nn.networks import multiplications
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs import estimate as module
from aeviz.runs.estimate import estimate, memory, outputs

SHAPE = (1, 28, 28)
EXAMPLE = RunConfig().replace(
    **{"network.hidden": [400], "bottleneck.kind": "gaussian", "bottleneck.latent_dim": 20}
)
"""784-400-20-400-784."""


def test_a_dense_network_by_hand() -> None:
    config = EXAMPLE
    cost = estimate(config)
    # 784-400-(20, 20) and 20-400-784, with biases
    assert cost.parameters == (784 * 400 + 400) + 2 * (400 * 20 + 20) + (20 * 400 + 400) + (
        400 * 784 + 784
    )
    images = DATASETS[config.dataset].counts[0]
    training = config.training
    assert cost.steps == -(-images // training.batch_size) * training.epochs
    assert multiplications(config.network, 20, SHAPE) == 784 * 400 + 400 * 20
    # layer and ReLU, mean and log variance, layer and ReLU, the image
    assert outputs(config, SHAPE) == [400, 400, 20, 20, 400, 400, 784]


def test_the_memory_of_a_dense_network_by_hand() -> None:
    config = EXAMPLE.replace(**{"training.batch_size": 1000})
    needed = memory(config, SHAPE, 1_000, 50)
    assert (needed.weights, needed.gradients, needed.optimiser, needed.kept) == (
        4_000, 4_000, 8_000, 4_000
    )  # fmt: skip
    assert needed.images == 50 * 784
    assert needed.activations == round(4 * 1.3 * 1000 * (2424 + 4 * 784))
    assert needed.total == 20_000 + 50 * 784 + needed.activations
    sgd = config.replace(**{"training.optimizer": "sgd"})
    assert memory(sgd, SHAPE, 1_000).optimiser == 4_000
    assert memory(config, SHAPE, 1_000, pieces=2).gradients == 8_000
    one = config.replace(**{"training.batch_size": 1})  # validation takes 500 at a time
    assert memory(one, SHAPE, 1_000).activations == 4 * 500 * (2 * 784 + 4 * 784)


def test_every_image_of_a_contractive_batch_has_a_jacobian() -> None:
    config = PRESETS["contractive"].config.replace(**{"training.batch_size": 1000})
    free = config.replace(**{"loss.penalty": "none"})
    more = memory(config, SHAPE, 1).activations - memory(free, SHAPE, 1).activations
    sizes = outputs(config, SHAPE)
    assert sizes == [128, 128, 16, 128, 128, 784]  # tanh after each wide one
    assert more == pytest.approx(4 * 1000 * 3 * 16 * (784 + 128 + 128 + 16), rel=1e-6)


def test_a_residual_network_is_asked_for_all_its_layers() -> None:
    network = NetworkConfig(kind="conv", channels=(8,), hidden=(), residual=1, norm="batch")
    sizes = outputs(RunConfig(network=network), SHAPE)
    assert sizes.count(8 * 14 * 14) >= 8
    assert sizes[-1] == 784


def test_a_container_has_no_more_memory_than_it_may_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "MEMORY_LIMITS", (tmp_path / "nothing", limit))
    limit.write_text("max\n")
    whole = module.memory_of(torch.device("cpu"))
    limit.write_text("1048576\n")
    assert module.memory_of(torch.device("cpu")) == 2**20 < whole
    with pytest.raises(UserError, match="need about"):
        estimate(PRESETS["vae"].config.replace(**{"training.device": "cpu"}))


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
    assert estimate(EXAMPLE.replace(**changes)).seconds > estimate(EXAMPLE).seconds


def test_what_does_not_fit_into_memory_is_refused_before_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = PRESETS["contractive"].config.replace(
        **{"bottleneck.latent_dim": 4096, "training.batch_size": 8192}
    )
    monkeypatch.setattr(module, "memory_of", lambda device: 16 * 2**30)
    with pytest.raises(UserError, match=r"need about [\d,.]+ GB .* smaller"):
        estimate(config)
    assert estimate(PRESETS["contractive"].config).memory.total < 2**30


def test_other_reasons_not_to_train_are_sentences_too() -> None:
    with pytest.raises(UserError, match="million parameters"):
        estimate(RunConfig().replace(**{"network.hidden": [8192, 8192, 8192]}))
    with pytest.raises(UserError, match="no data set"):
        estimate(RunConfig(dataset="nothing"))
    for size in (1, DATASETS["mnist-5k"].counts[0] - 1):
        alone = {"network.norm": "batch", "training.batch_size": size}
        with pytest.raises(UserError, match="Batch normalisation needs at least two images"):
            estimate(RunConfig().replace(**alone))
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="no cuda device"):
            estimate(RunConfig().replace(**{"training.device": "cuda"}))
