from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.training import divergence, resume
from aeviz.training.loop import train
from aeviz.training.state import TrainingState, begin
from tests.training.test_loop import CPU, same, trained, weights

VARIANTS = {
    "vae": {},
    "dropout and noise": {
        "network.dropout": 0.3,
        "corruption.kind": "mixed",
        "training.augment": "shift-flip",
    },
    "momentum": {"training.optimizer": "sgd", "training.lr": 1e-4},
    "schedule, decay and warm-up": {
        "training.optimizer": "adamw",
        "training.weight_decay": 0.1,
        "training.schedule": "one-cycle",
        "loss.warmup": 0.8,
    },
    "cycles, free bits and patience": {
        "loss.warmup": 0.5,
        "loss.cycles": 3,
        "loss.free_bits": 0.3,
        "training.patience": 1,
    },
    "conv": {"network.kind": "conv", "network.channels": [4]},
    "batch norm, conv": {"network.kind": "conv", "network.channels": [4], "network.norm": "batch"},
}


def half_way(config: RunConfig, dataset: Dataset, path: Path) -> None:
    """Trains the first epoch of `config` and saves the state."""
    state = begin(config, dataset, CPU)
    next(result for result in train(state, dataset) if result.validation is not None)
    resume.save(path, state)


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_a_resumed_run_equals_one_that_never_stopped(
    config: RunConfig, dataset: Dataset, tmp_path: Path, changes: dict[str, object]
) -> None:
    config = config.replace(**changes | {"training.epochs": 2})
    straight = trained(config, dataset)
    half_way(config, dataset, tmp_path / "resume.safetensors")

    resumed = begin(config, dataset, CPU)
    resume.load_into(tmp_path / "resume.safetensors", resumed)
    assert (resumed.epoch, resumed.step) == (1, 4)
    for _ in train(resumed, dataset):
        pass

    assert same(weights(resumed), weights(straight))
    assert same(moments(resumed), moments(straight))
    assert torch.equal(resumed.noise.get_state(), straight.noise.get_state())
    assert torch.equal(resumed.order.get_state(), straight.order.get_state())
    assert (resumed.epoch, resumed.step) == (straight.epoch, straight.step)


def moments(state: TrainingState) -> dict[str, torch.Tensor]:
    return {
        f"{number}.{name}": value
        for number, values in state.optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }


def test_another_configuration_is_refused(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    half_way(config, dataset, tmp_path / "r")
    other = begin(config.replace(**{"training.lr": 0.5}), dataset, CPU)
    with pytest.raises(UserError, match="another configuration"):
        resume.load_into(tmp_path / "r", other)


def test_a_file_from_before_a_setting_was_there_goes_on(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    """It lacks the setting, and newer parts of the position."""
    path = tmp_path / "r"
    half_way(config, dataset, path)
    old = config.to_dict()
    del old["network"]["change"]
    metadata = {"config": json.dumps(old), "position": '{"epoch": 1, "step": 4}'}
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    safetensors.torch.save_file(tensors, path, metadata)

    state = begin(config, dataset, CPU)
    resume.load_into(path, state)
    assert (state.epoch, state.step) == (1, 4)
    for _ in train(state, dataset):
        pass
    assert same(weights(state), weights(trained(config, dataset)))


def test_an_exploding_loss_is_told_by_the_losses_before_the_break(
    config: RunConfig, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r"
    half_way(config, dataset, path)
    state = begin(config, dataset, CPU)
    resume.load_into(path, state)
    monkeypatch.setattr(divergence, "EXPLODED", 1.5)  # judged against the saved loss
    with torch.no_grad():
        for weight in state.model.parameters():
            weight.mul_(20)
    with pytest.raises(divergence.DivergedError, match="step 5 "):
        next(train(state, dataset))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_a_sentence(
    config: RunConfig, dataset: Dataset, tmp_path: Path, share: float
) -> None:
    path = tmp_path / "r"
    half_way(config, dataset, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UserError, match="damaged"):
        resume.load_into(path, begin(config, dataset, CPU))


def test_a_file_that_lacks_a_part_is_a_sentence(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "r"
    path.write_bytes(safetensors.torch.save({"x": torch.zeros(1)}, {"config": config.to_json()}))
    with pytest.raises(UserError, match="damaged"):
        resume.load_into(path, begin(config, dataset, CPU))


@pytest.mark.parametrize("part", ["tensors", "position", "configuration"])
def test_a_flipped_bit_is_seen_before_training_goes_on(
    config: RunConfig, dataset: Dataset, tmp_path: Path, part: str
) -> None:
    path = tmp_path / "r"
    half_way(config, dataset, path)
    data = bytearray(path.read_bytes())
    mark = {
        "tensors": len(data) - 1000,
        "position": data.index(b'epoch\\": 1') + 9,  # 1 becomes 0
        "configuration": data.index(b'latent_dim\\": 3') + 14,  # 3 becomes 2
    }[part]
    data[mark] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="saved state is damaged"):
        resume.load_into(path, begin(config, dataset, CPU))
    with pytest.raises(UserError, match="saved state is damaged"):
        resume.batch_size(path)
