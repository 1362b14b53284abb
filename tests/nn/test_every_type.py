"""One suite over presets, networks and image shapes, each pair of them: the table is the list of
tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pairwise import pairwise

from aeviz.config import RunConfig
from aeviz.models import checkpoint
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder, check_size
from aeviz.nn.networks import ImageShape, count_parameters, layer_shapes
from aeviz.presets.autoencoders import PRESETS

SHAPES: tuple[ImageShape, ...] = ((1, 8, 8), (1, 28, 28), (3, 17, 23))
CODE = 24
SMALL = {
    "network.channels": [8, 12],
    "bottleneck.latent_dim": CODE,
    "training.seed": 1,
}
HIDDEN = {0: [], 1: [32], 2: [32, 24], 3: [32, 28, 24]}

CASES = [
    pytest.param(name, kind, shape, id=f"{name}-{kind}-{'x'.join(map(str, shape))}")
    for name, kind, shape in pairwise([*PRESETS], ("dense", "conv"), SHAPES)
]
every_case = pytest.mark.parametrize(("name", "kind", "shape"), CASES)


def small(name: str, kind: str) -> RunConfig:
    """The preset with smaller layers: as many of them, and its hyperparameters unchanged."""
    config = PRESETS[name].config
    hidden = HIDDEN[min(len(config.network.hidden), 3)]
    return config.replace(**SMALL, **{"network.kind": kind, "network.hidden": hidden})


def images(shape: ImageShape, n: int = 6) -> torch.Tensor:
    """Smooth images between 0.1 and 0.9."""
    coarse = torch.rand(n, shape[0], 4, 4, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse * 0.8 + 0.1, shape[1:], mode="bilinear")


def noise(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@every_case
def test_shapes_and_finite_values(name: str, kind: str, shape: ImageShape) -> None:
    config, x = small(name, kind), images(shape)
    model = Autoencoder(config, shape)
    out = model(x, noise())
    assert out.raw.shape == x.shape
    assert out.z.shape == out.mu.shape == (len(x), CODE)
    assert (out.logvar is not None) == (config.bottleneck.kind == "gaussian") == model.is_gaussian
    assert model.encode(x).shape == (len(x), CODE)
    x_hat = model.decode(model.encode(x))
    assert x_hat.shape == x.shape
    if config.network.output == "sigmoid":
        assert x_hat.min() >= 0
        assert x_hat.max() <= 1
    terms = model.loss(out, x, x, config.loss.beta)
    assert all(torch.isfinite(values).all() for values in (*terms, out.raw, out.z))
    assert check_size(config, shape) == count_parameters(model)
    first, *inner, last = layer_shapes(config.network, CODE, shape)
    assert first == last
    assert inner[len(inner) // 2] == f"[{CODE}]"


@every_case
def test_every_parameter_gets_a_gradient(name: str, kind: str, shape: ImageShape) -> None:
    config, x = small(name, kind), images(shape)
    model = Autoencoder(config, shape)
    x_in = corrupt(x, config.corruption, noise())
    model.loss(model(x_in, noise()), x, x_in, config.loss.beta).total.backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        assert parameter.grad.abs().max() > 0, key


@every_case
def test_a_tiny_batch_overfits(name: str, kind: str, shape: ImageShape) -> None:
    """The loss of two opposite images falls below two thirds of where it starts.

    With means of codes, no corruption and no regulariser: whether the network can learn at all.
    """
    plain = {"corruption.kind": "none", "loss.penalty": "none", "loss.beta": 0.0}
    config = small(name, kind).replace(**plain)
    model = Autoencoder(config, shape)
    x = images(shape, 1).gt(0.5).float()
    x = torch.cat([x, 1 - x])
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    values = []
    for _ in range(60):
        terms = model.loss(model(x, sample=False), x, x, 0.0)
        optimizer.zero_grad()
        terms.total.backward()
        optimizer.step()
        values.append(terms.total.item())
    assert values[-1] < 2 / 3 * values[0]


@pytest.mark.parametrize("name", PRESETS)
def test_the_whole_objective_falls_in_training(name: str) -> None:
    config, shape = small(name, PRESETS[name].config.network.kind), (1, 8, 8)
    model, x = Autoencoder(config, shape), images(shape, 16)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    values = []
    for _ in range(40):
        x_in = corrupt(x, config.corruption, noise())  # the same noise in each step
        total = model.loss(model(x_in, noise()), x, x_in, config.loss.beta).total
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        values.append(total.item())
    assert values[-1] < values[0] - 0.2


@every_case
def test_save_and_load_are_equal_to_the_bit(
    name: str, kind: str, shape: ImageShape, tmp_path: Path
) -> None:
    model = Autoencoder(small(name, kind), shape).eval()
    path = tmp_path / "model.safetensors"
    path.write_bytes(checkpoint.to_bytes(model, {"dataset": "digits"}, None))
    loaded = checkpoint.load(path)
    assert loaded.config == model.config
    assert loaded.card == {"dataset": "digits"}
    assert loaded.model.image_shape == shape
    for before, after in zip(
        model(images(shape), noise()), loaded.model(images(shape), noise()), strict=True
    ):
        assert (before is None) == (after is None)
        assert before is None or torch.equal(before, after)
    assert not any(p.requires_grad for p in loaded.model.parameters())
