"""With any settings, a run trains or is refused with a sentence before it starts."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from aeviz.config import RunConfig
from aeviz.datasets import DATASETS, Dataset, Split
from aeviz.errors import UserError
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs.estimate import estimate
from aeviz.training.loop import train
from aeviz.training.state import begin

CPU = torch.device("cpu")
COUNTS = (7, 3, 3)
NOT_A_NUMBER = (math.nan, math.inf, "a word", None)

widths = st.lists(st.sampled_from((1, 2, 3, 8, 16, 24)), max_size=4)
bad_widths = st.sampled_from(([0], [-3], [9000], [8192] * 4, [4] * 12, [4] * 13, ["wide"], 7))
USUAL: dict[str, st.SearchStrategy[Any]] = {
    "dataset": st.sampled_from(("digits", "mnist-5k", "shapes-colour")),
    "network.kind": st.sampled_from(("dense", "conv")),
    "network.hidden": widths,
    "network.channels": widths,
    "network.residual": st.integers(0, 2),
    "network.activation": st.sampled_from(
        ("relu", "leaky_relu", "gelu", "silu", "elu", "tanh", "sigmoid", "none")
    ),
    "network.norm": st.sampled_from(("none", "batch")),
    "network.dropout": st.sampled_from((0.0, 0.3, 0.9)),
    "network.output": st.sampled_from(("sigmoid", "linear")),
    "network.init": st.sampled_from(("fan-in", "glorot")),
    "bottleneck.kind": st.sampled_from(("deterministic", "gaussian")),
    "bottleneck.latent_dim": st.sampled_from((1, 2, 3, 16, 100)),
    "bottleneck.activation": st.sampled_from(("none", "relu", "sigmoid")),
    "corruption.kind": st.sampled_from(("none", "gaussian", "salt-and-pepper", "masking", "mixed")),
    "corruption.amount": st.floats(0, 1),
    "loss.reconstruction": st.sampled_from(("bce", "mse", "l1", "log-mse")),
    "loss.beta": st.floats(0, 1000),
    "loss.warmup": st.floats(0, 1),
    "loss.cycles": st.integers(1, 5),
    "loss.free_bits": st.floats(0, 10),
    "loss.penalty": st.sampled_from(("none", "l1", "kl-sparsity", "contractive")),
    "loss.weight": st.floats(0, 100),
    "loss.rho": st.floats(1e-4, 0.999),
    "training.batch_size": st.sampled_from((1, 2, 3, 6, 7, 128, 65_536)),
    "training.optimizer": st.sampled_from(("adam", "adamw", "sgd")),
    "training.lr": st.sampled_from((1e-8, 1e-3, 1.0, 1e4)),
    "training.weight_decay": st.floats(0, 10),
    "training.schedule": st.sampled_from(("constant", "cosine", "one-cycle")),
    "training.clip": st.floats(0, 10),
    "training.patience": st.integers(0, 3),
    "training.augment": st.sampled_from(("none", "shift", "shift-flip", "crop-flip")),
    "training.seed": st.sampled_from((0, 2**31 - 1)),
    "training.precision": st.sampled_from(("auto", "fp32", "bf16")),
}
ODD: dict[str, st.SearchStrategy[Any]] = {
    "dataset": st.sampled_from(("no such thing", "../digits", "")),
    "network.kind": st.just("unet"),
    "network.hidden": bad_widths,
    "network.channels": bad_widths,
    "network.residual": st.sampled_from((-1, 9, 0.5)),
    "bottleneck.latent_dim": st.sampled_from((0, -1, 4097, 2**60, *NOT_A_NUMBER)),
    "corruption.kind": st.sampled_from(("noise", "grey", "fog")),
    "loss.beta": st.sampled_from((-1.0, 1e9, *NOT_A_NUMBER)),
    "loss.warmup": st.sampled_from((-0.1, 1.1, *NOT_A_NUMBER)),
    "loss.cycles": st.sampled_from((0, 1001, *NOT_A_NUMBER)),
    "loss.free_bits": st.sampled_from((-1.0, 101.0, *NOT_A_NUMBER)),
    "training.batch_size": st.sampled_from((0, -5, 65_537, *NOT_A_NUMBER)),
    "training.lr": st.sampled_from((0.0, -1.0, 1e5, *NOT_A_NUMBER)),
    "training.patience": st.sampled_from((-1, 10_001, *NOT_A_NUMBER)),
    "training.optimizer": st.sampled_from(("muon", "luck")),
    "training.device": st.sampled_from(("cuda", "mps", "abacus")),
}


@st.composite
def changed_settings(draw: DrawFn) -> dict[str, Any]:
    """A few or many changed settings of any preset; one time in four, one of them is invalid."""
    keys = draw(st.lists(st.sampled_from(sorted(USUAL)), max_size=12, unique=True))
    changes = {key: draw(USUAL[key]) for key in keys}
    if not draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(ODD)))
        changes[key] = draw(ODD[key])
    return changes


def small(name: str) -> Dataset:
    """Noise in the shape of a real data set's images."""
    noise = torch.Generator().manual_seed(0)
    shape = DATASETS[name].image_shape

    def split(count: int) -> Split:
        images = torch.randint(0, 256, (count, *shape), generator=noise, dtype=torch.uint8)
        return Split(images, torch.arange(count) % 2)

    train_split, validation, test = map(split, COUNTS)
    return Dataset(name, name, ("a", "b"), (), train_split, validation, test, "0" * 64)


def test_any_combination_of_settings_trains_or_says_why_not_before_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("digits", "mnist-5k", "shapes-colour"):
        monkeypatch.setitem(DATASETS, name, dataclasses.replace(DATASETS[name], counts=COUNTS))
    presets = [name for name, preset in PRESETS.items() if preset.config.network.kind != "unet"]
    ends: Counter[str] = Counter()

    @settings(
        max_examples=500, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(presets), changed_settings())
    def run(preset: str, changes: dict[str, Any]) -> None:
        narrow = {"network.hidden": [16], "network.channels": [4, 8], "training.device": "cpu"}
        start = PRESETS[preset].config.replace(**narrow)
        try:
            config = start.replace(**changes)
            estimate(config)
        except UserError as error:
            text = str(error)
            assert text.endswith("."), text
            assert "\n" not in text
            assert len(text) < 300, text
            ends["refused"] += 1
            return
        assert RunConfig.from_json(config.to_json()) == config
        data = small(config.dataset)
        first = next(train(begin(config, data, CPU), data))
        assert first.step == 1
        assert first.terms.total.isfinite()
        ends["trained"] += 1

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tiny products: threads would only wait for each other
    try:
        run()
    finally:
        torch.set_num_threads(threads)
    assert ends.total() >= 500
    assert min(ends["trained"], ends["refused"]) >= 100, ends
