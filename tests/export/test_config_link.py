"""The link: a round trip for every type, and an error sentence for an invalid one."""

from __future__ import annotations

import pytest

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.export import config_link
from aeviz.presets.autoencoders import PRESETS, settings_for

CHANGES = {
    "dataset": "digits",
    "network.hidden": [300, 20],
    "network.norm": "batch",
    "network.dropout": 0.25,
    "network.init": "glorot",
    "bottleneck.latent_dim": 3,
    "loss.warmup": 0.5,
    "loss.cycles": 4,
    "loss.free_bits": 0.25,
    "training.patience": 5,
    "training.lr": 3e-4,
    "training.epochs": 7,
    "training.batch_size": 100,
    "training.seed": 12,
}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_its_type_alone(name: str) -> None:
    assert config_link.query(PRESETS[name].config) == {"type": name}
    assert config_link.config_of({"type": name}) == PRESETS[name].config


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "contractive"])
def test_changes_come_back_as_they_were(name: str) -> None:
    config = settings_for(name, "digits").replace(**CHANGES)
    asked = config_link.query(config)
    assert len(asked) <= len(CHANGES) + 1
    assert asked["network.hidden"] == "300,20"
    assert config_link.config_of(asked) == config


def test_a_link_to_other_data_starts_from_the_settings_for_them() -> None:
    config = PRESETS["linear"].on(datasets.DATASETS["digits"])
    assert config.training != PRESETS["linear"].config.training
    assert config_link.query(config) == {"type": "linear", "dataset": "digits"}
    assert config_link.config_of(config_link.query(config)) == config


def test_no_layers_at_all_come_back() -> None:
    config = PRESETS["vae"].config.replace(**{"network.hidden": []})
    assert config_link.query(config) == {"type": "vae", "network.hidden": ""}
    assert config_link.config_of(config_link.query(config)) == config


def test_the_name_and_the_device_stay_at_home() -> None:
    config = PRESETS["vae"].config.replace(**{"name": "Mine", "training.device": "cpu"})
    assert config_link.query(config) == {"type": "vae"}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "no type called"),
        ({"type": "nothing"}, "no type called"),
        ({"type": "vae", "network.depth": "3"}, "no setting called 'network.depth'"),
        ({"type": "vae", "network": "3"}, "no setting called"),
        ({"type": "vae", "name": "x"}, "no setting called"),
        ({"type": "vae", "training.device": "cuda"}, "no setting called"),
        ({"type": "vae", "network.hidden": "1," * 60}, "too long"),
        ({"type": "vae", "network.hidden": "4,x"}, "network.hidden: The value cannot be '4,x'"),
        ({"type": "vae", "network.hidden": ",".join(["1"] * 13)}, "at most 12 layers"),
        ({"type": "vae", "bottleneck.latent_dim": "2.5"}, "cannot be '2.5'"),
        ({"type": "vae", "bottleneck.latent_dim": "99999"}, "between 1 and 4096"),
        ({"type": "vae", "training.epochs": "9" * 90}, "too large"),
        ({"type": "vae", "training.lr": "nan"}, "must be between"),
        ({"type": "vae", "training.lr": "1e999"}, "must be between"),
        ({"type": "vae", "network.norm": "layer"}, "must be one of none, batch"),
        ({"type": "vae", "loss.penalty": "l1"}, "already regularises"),
        ({"type": "vae", "dataset": "../../etc"}, "no data set called"),
        ({"type": "vae", "dataset": "\x00"}, "cannot be shown"),
        ({"type": "standard", "network.kind": "unet"}, "for photographs"),
    ],
)
def test_a_link_that_is_wrong_is_a_sentence(asked: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        config_link.config_of(asked)
    assert len(str(caught.value)) < 300


def test_a_restorer_is_not_trained_on_the_page() -> None:
    asked = {
        "type": "standard",
        "network.kind": "unet",
        "network.output": "linear",
        "loss.reconstruction": "mse",
        "corruption.kind": "noise",
        "training.crop": "64",
        "training.optimizer": "adamw",
    }
    with pytest.raises(UserError, match="Restorers"):
        config_link.config_of(asked)


def test_a_type_without_a_preset_has_no_link() -> None:
    with pytest.raises(UserError, match="no type called"):
        config_link.query(RunConfig(type="my own"))
