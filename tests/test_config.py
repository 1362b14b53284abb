"""RunConfig: a round trip through JSON, and one sentence for every mistake."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aeviz.config import BottleneckConfig, LossConfig, NetworkConfig, RunConfig
from aeviz.errors import UserError
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS

DEFAULTS = RunConfig().to_dict()


def checked(error: UserError) -> str:
    """The error's text, which must be one short sentence."""
    sentence = str(error)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 250
    return sentence


def refused(data: Any) -> str:
    """The sentence with which this configuration is refused."""
    with pytest.raises(UserError) as caught:
        RunConfig.from_dict(data)
    return checked(caught.value)


@pytest.mark.parametrize("name", PRESETS)
def test_json_both_ways(name: str) -> None:
    config = PRESETS[name].config
    assert RunConfig.from_json(config.to_json()) == config
    assert RunConfig.from_dict(config.to_dict()) == config
    assert RunConfig.from_json(config.to_json()).to_json() == config.to_json()


def test_left_out_settings_take_their_defaults() -> None:
    assert RunConfig.from_json("{}") == RunConfig()
    assert RunConfig.from_dict({"loss": {"beta": 4}}).loss == LossConfig(beta=4.0)


def test_a_configuration_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().loss.beta = 2.0  # type: ignore[misc]


# ---- wrong keys and kinds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"colour": 1}, "There is no setting called 'colour"),
        ({"network": {"widht": 3}}, "There is no setting called 'network.widht"),
        ({"x" * 5000: 1}, "There is no setting called 'xxx"),
        ({"a\nb": 1}, r"There is no setting called 'a\nb'."),
        ({3: 1}, "There is no setting called '3"),
        ({"network": 3}, "network: The value must be a JSON object"),
        ({"loss": None}, "must be a JSON object"),
        ([], "must be a JSON object"),
        ("vae", "must be a JSON object"),
        (None, "must be a JSON object"),
        (
            {"training": {"epochs": True}},
            "training.epochs: The value must be a whole number; it is True",
        ),
        (
            {"training": {"epochs": 2.5}},
            "training.epochs: The value must be a whole number; it is 2.5",
        ),
        (
            {"training": {"epochs": "3"}},
            "training.epochs: The value must be a whole number; it is '3'",
        ),
        ({"training": {"epochs": None}}, "training.epochs: The value must be a whole number"),
        ({"training": {"epochs": math.nan}}, "training.epochs: The value must be a whole number"),
        ({"training": {"epochs": math.inf}}, "training.epochs: The value must be a whole number"),
        ({"training": {"epochs": 1e300}}, "training.epochs: The value must be between 1 and 10000"),
        ({"training": {"epochs": 10**400}}, "training.epochs: The value is too large"),
        ({"loss": {"beta": True}}, "loss.beta: The value must be a number; it is True"),
        ({"loss": {"beta": "1"}}, "loss.beta: The value must be a number"),
        ({"loss": {"beta": [1]}}, "loss.beta: The value must be a number"),
        ({"loss": {"beta": 10**400}}, "loss.beta: The value is too large"),
        ({"network": {"hidden": 400}}, "network.hidden: The value must be a list of whole numbers"),
        (
            {"network": {"hidden": "400"}},
            "network.hidden: The value must be a list of whole numbers",
        ),
        ({"network": {"hidden": [400, "x"]}}, "network.hidden: The value must be a whole number"),
        ({"network": {"hidden": [True]}}, "network.hidden: The value must be a whole number"),
        (
            {"network": {"hidden": {"0": 4}}},
            "network.hidden: The value must be a list of whole numbers",
        ),
        (
            {"network": {"kind": "transformer"}},
            "network.kind: The value must be one of dense, conv, unet",
        ),
        ({"network": {"kind": ["conv"]}}, "network.kind: The value must be one of dense, conv"),
        ({"name": 7}, "name: The value must be a text"),
        ({"name": "x" * 81}, "name: Use at most 80 characters"),
        ({"name": "a\nb"}, "name: Some characters cannot be shown"),
        ({"name": "\ud800"}, "name: Some characters cannot be shown"),
    ],
)
def test_wrong_keys_and_kinds(data: Any, words: str) -> None:
    assert words in refused(data)


def test_a_whole_float_is_a_whole_number_and_an_int_is_a_number() -> None:
    config = RunConfig.from_dict({"training": {"epochs": 3.0}, "loss": {"beta": 2}})
    assert config.training.epochs == 3
    assert type(config.training.epochs) is int
    assert type(config.loss.beta) is float


@pytest.mark.parametrize(
    "text",
    ["", "{", "nul", "[" * 100_000, '{"a":' * 100_000, '{"training": {"epochs": ' + "9" * 5000],
)
def test_broken_json(text: str) -> None:
    with pytest.raises(UserError, match="is not valid JSON"):
        RunConfig.from_json(text)


def test_a_number_of_five_thousand_digits() -> None:
    with pytest.raises(UserError):
        RunConfig.from_json('{"training": {"epochs": ' + "9" * 5000 + "}}")


# ---- ranges ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        ("bottleneck.latent_dim", 1, 4096),
        ("network.residual", 0, 8),
        ("network.dropout", 0, 0.9),
        ("corruption.amount", 0, 1),
        ("loss.beta", 0, 1000),
        ("loss.warmup", 0, 1),
        ("loss.free_bits", 0, 100),
        ("loss.weight", 0, 1e6),
        ("loss.rho", 1e-4, 0.999),
        ("training.epochs", 1, 10_000),
        ("training.batch_size", 1, 65_536),
        ("training.lr", 1e-8, 1e4),
        ("training.weight_decay", 0, 10),
        ("training.clip", 0, 1e6),
        ("training.patience", 0, 10_000),
        ("training.seed", 0, 2**31 - 1),
    ],
)
def test_ranges_hold_at_both_ends(key: str, low: float, high: float) -> None:
    group, name = key.split(".")
    for edge in (low, high):
        assert RunConfig.from_dict({group: {name: edge}}).to_dict()[group][name] == edge
    for beyond in (low - 1, high + 1, 1e9):
        if beyond not in (low, high) and not low <= beyond <= high:
            assert name in refused({group: {name: beyond}})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("group", "name"),
    [
        (group, name)
        for group, values in DEFAULTS.items()
        if isinstance(values, dict)
        for name, value in values.items()
        if isinstance(value, float)
    ],
)
def test_no_number_may_be_nan_or_infinite(group: str, name: str, value: float) -> None:
    assert name in refused({group: {name: value}})


@pytest.mark.parametrize("widths", [[0], [-5], [8193], [64] * 13])
def test_layers_have_bounds(widths: list[int]) -> None:
    assert "network.hidden" in refused({"network": {"hidden": widths}})
    assert "network.channels" in refused({"network": {"channels": widths}})


# ---- settings that contradict one another ------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"network": {"output": "linear"}}, "network.output"),
        ({"loss": {"penalty": "kl-sparsity"}}, "bottleneck.activation"),
        ({"bottleneck": {"kind": "gaussian"}, "loss": {"penalty": "l1"}}, "loss.penalty"),
        ({"bottleneck": {"kind": "gaussian", "activation": "relu"}}, "bottleneck.activation"),
        ({"network": {"kind": "conv", "channels": []}}, "network.channels"),
    ],
)
def test_contradictions(data: dict[str, Any], key: str) -> None:
    assert refused(data).startswith(f"{key}: ")


# ---- replace -----------------------------------------------------------------------------------


def test_replace_changes_what_it_names_and_nothing_else() -> None:
    changed = RunConfig().replace(**{"network.hidden": [400], "name": "mine"})
    assert changed.network.hidden == (400,)
    assert changed.name == "mine"
    assert changed.replace(**{"network.hidden": [512, 256], "name": ""}) == RunConfig()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("nothing", "There is no setting called 'nothing'."),
        ("network.nothing", "There is no setting called 'network.nothing'."),
        ("network.hidden.0", "There is no setting called 'network.hidden.0'."),
        ("", "There is no setting called ''."),
        ("network", "network: This is a group of settings. Name one of kind, hidden"),
    ],
)
def test_replace_refuses_other_keys(key: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        RunConfig().replace(**{key: 1})
    assert words in str(caught.value)


# ---- any configuration -------------------------------------------------------------------------

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
KEYS = [
    f"{group}.{name}"
    for group, values in DEFAULTS.items()
    if isinstance(values, dict)
    for name in values
]

SENSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "network.kind": st.sampled_from(["dense", "conv"]),
    "network.hidden": st.lists(st.integers(1, 40), max_size=3),
    "network.channels": st.lists(st.integers(1, 9), max_size=6),
    "network.residual": st.integers(0, 2),
    "network.activation": st.sampled_from(["relu", "gelu", "tanh", "none"]),
    "network.norm": st.sampled_from(["none", "batch"]),
    "network.dropout": st.sampled_from([0.0, 0.3]),
    "network.output": st.sampled_from(["sigmoid", "linear"]),
    "bottleneck.kind": st.sampled_from(["deterministic", "gaussian"]),
    "bottleneck.latent_dim": st.integers(0, 40),
    "bottleneck.activation": st.sampled_from(["none", "relu", "sigmoid"]),
    "corruption.kind": st.sampled_from(["none", "gaussian", "mixed"]),
    "loss.reconstruction": st.sampled_from(["bce", "mse", "l1"]),
    "loss.penalty": st.sampled_from(["none", "l1", "kl-sparsity", "contractive"]),
    "loss.weight": st.floats(0, 2),
    "loss.rho": st.floats(0, 1),
}


@settings(max_examples=150)
@given(
    st.fixed_dictionaries({}, optional=SENSIBLE),
    st.sampled_from([(1, 8, 8), (1, 5, 9), (3, 9, 12)]),
)
def test_any_configuration_builds_a_working_model_or_says_why_not(
    changes: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    try:
        config = RunConfig().replace(**changes)
        model = Autoencoder(config, shape)
    except UserError as error:
        checked(error)
        return
    assert RunConfig.from_json(config.to_json()) == config
    x = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
    terms = model.loss(model(x, torch.Generator().manual_seed(0)), x, x, config.loss.beta)
    assert math.isfinite(terms.total.item())
    terms.total.backward()


@settings(max_examples=200)
@given(st.sampled_from(KEYS), ANY_JSON)
def test_any_value_of_any_setting_is_taken_or_refused_in_a_sentence(key: str, value: Any) -> None:
    try:
        config = RunConfig().replace(**{key: value})
    except UserError as error:
        checked(error)
    else:
        assert RunConfig.from_json(config.to_json()) == config


@settings(max_examples=200)
@given(ANY_JSON)
def test_any_json_is_taken_or_refused_in_a_sentence(value: Any) -> None:
    try:
        RunConfig.from_json(json.dumps(value))
    except UserError as error:
        checked(error)


def test_direct_construction_is_checked_too() -> None:
    with pytest.raises(UserError, match="latent_dim"):
        BottleneckConfig(latent_dim=0)
    with pytest.raises(UserError, match="Each width"):
        NetworkConfig(hidden=(0,))
