from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_loop import CPU, same, trained, weights

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.training import resume
from aeviz.training.loop import TrainingState, begin, train

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
    "batch norm, conv": {"network.kind": "conv", "network.channels": [4], "network.norm": "batch"},
}


def half_way(config: RunConfig, dataset: Dataset, path: Path) -> None:
    """Trains the first epoch of `config` and saves what it reached."""
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
    import safetensors.torch

    path = tmp_path / "r"
    path.write_bytes(safetensors.torch.save({"x": torch.zeros(1)}, {"config": config.to_json()}))
    with pytest.raises(UserError, match="damaged"):
        resume.load_into(path, begin(config, dataset, CPU))
