"""Network builders: shapes for any image size, the written-out shapes, sizes, initial weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from aeviz.config import BottleneckConfig, NetworkConfig, RunConfig, TrainingConfig
from aeviz.errors import UserError
from aeviz.nn.model import MAX_PARAMETERS, Autoencoder, check_size
from aeviz.nn.networks import (
    ResidualBlock,
    Up,
    build_decoder,
    build_trunk,
    count_parameters,
    halvings,
    initialise,
    layer_shapes,
)

CONV = NetworkConfig(kind="conv", channels=(4, 6, 8), hidden=(16,))


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (17, 23), (28, 28), (31, 64)])
@pytest.mark.parametrize("residual", [0, 1])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_conv_decoder_mirrors_the_trunk_for_any_size(
    size: tuple[int, int], residual: int, norm: str
) -> None:
    shape = (3, *size)
    changes = {"network.residual": residual, "network.norm": norm}
    config = RunConfig(network=CONV).replace(**changes).network
    trunk, width = build_trunk(config, shape)
    assert trunk(torch.rand(2, *shape)).shape == (2, width)
    assert build_decoder(config, 5, shape)(torch.rand(2, 5)).shape == (2, *shape)


def test_halvings_round_up() -> None:
    assert halvings(17, 8, 3) == [(17, 8), (9, 4), (5, 2), (3, 1)]


def test_layer_shapes_name_every_layer() -> None:
    dense = NetworkConfig(hidden=(512, 256))
    assert layer_shapes(dense, 16, (1, 28, 28)) == [
        "784", "512", "256", "[16]", "256", "512", "784",
    ]  # fmt: skip
    conv = NetworkConfig(kind="conv", channels=(32, 64), hidden=(256,))
    assert layer_shapes(conv, 2, (3, 17, 23)) == [
        "3x17x23", "32x9x12", "64x5x6", "256", "[2]", "256", "64x5x6", "32x9x12", "3x17x23",
    ]  # fmt: skip


def test_layer_shapes_are_those_of_the_real_layers() -> None:
    shape = (3, 17, 23)
    seen: list[str] = []
    trunk, _ = build_trunk(CONV, shape)
    for layer in trunk:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(lambda _m, _i, out: seen.append(_named(out)))
    trunk(torch.rand(1, *shape))
    assert layer_shapes(CONV, 5, shape)[1:5] == seen


def _named(out: torch.Tensor) -> str:
    return "x".join(map(str, out.shape[1:]))


def test_every_layer_but_the_last_is_followed_by_its_norm_and_activation() -> None:
    config = RunConfig(network=CONV).replace(**{"network.norm": "batch"}).network
    trunk, _ = build_trunk(config, (1, 16, 16))
    decoder = build_decoder(config, 5, (1, 16, 16))
    for part, kind in (
        (trunk, nn.ReLU),
        (decoder, nn.ReLU),
        (trunk, nn.modules.batchnorm._NormBase),
    ):
        assert sum(isinstance(layer, kind) for layer in part) == 4  # three conv, one dense
    assert isinstance(decoder[-1], Up)


def test_parameters_of_the_pytorch_example_vae() -> None:
    """784-400-20 with two heads: 652,824, as pytorch/examples has it."""
    config = RunConfig(
        network=NetworkConfig(hidden=(400,)),
        bottleneck=BottleneckConfig(kind="gaussian", latent_dim=20),
    )
    assert check_size(config, (1, 28, 28)) == 652_824
    assert count_parameters(Autoencoder(config, (1, 28, 28))) == 652_824


def test_a_residual_block_starts_from_its_input() -> None:
    block = ResidualBlock(3, NetworkConfig(kind="conv"))
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(block(x), x)


def test_initial_weights_follow_the_seed_and_nothing_else() -> None:
    config = RunConfig(network=CONV, training=TrainingConfig(seed=7))
    torch.manual_seed(1)
    first = Autoencoder(config, (1, 16, 16)).state_dict()
    torch.manual_seed(2)
    second = Autoencoder(config, (1, 16, 16)).state_dict()
    other = Autoencoder(config.replace(**{"training.seed": 8}), (1, 16, 16)).state_dict()
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not any(torch.equal(first[k], other[k]) for k in first)


def test_building_a_network_leaves_the_global_random_state_usable_by_others() -> None:
    """Weights come from an explicit generator, so two builds in one process do not interact."""
    small, large = RunConfig(), RunConfig(network=NetworkConfig(hidden=(300, 200, 100)))
    alone = Autoencoder(small, (1, 8, 8)).state_dict()
    Autoencoder(large, (1, 8, 8))
    again = Autoencoder(small, (1, 8, 8)).state_dict()
    assert all(torch.equal(alone[k], again[k]) for k in alone)


def test_initial_weights_are_uniform_in_one_over_the_root_of_the_fan_in() -> None:
    config = RunConfig(network=NetworkConfig(hidden=(512,)))
    weight = Autoencoder(config, (1, 28, 28)).get_parameter("trunk.1.weight").detach()
    bound = 1 / math.sqrt(784)
    assert weight.abs().max().item() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert weight.mean().item() == pytest.approx(0, abs=bound / 100)


def test_a_network_beyond_memory_is_refused_before_it_is_built() -> None:
    wide = RunConfig(
        network=NetworkConfig(hidden=(8192,) * 12), bottleneck=BottleneckConfig(latent_dim=4096)
    )
    with pytest.raises(UserError, match="million parameters"):
        Autoencoder(wide, (3, 1024, 1024))
    assert check_size(RunConfig(), (1, 28, 28)) < MAX_PARAMETERS


@pytest.mark.parametrize("shape", [(1, 7, 28), (3, 28, 4)])
def test_conv_networks_need_eight_pixels(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match="at least 8x8"):
        Autoencoder(RunConfig(network=CONV), shape)


def test_a_conv_stack_deeper_than_the_image_is_refused() -> None:
    deep = RunConfig(network=NetworkConfig(kind="conv", channels=(4,) * 9))
    with pytest.raises(UserError, match="cannot be halved 9 times"):
        Autoencoder(deep, (1, 28, 28))


def test_contractive_with_batch_norm_is_refused() -> None:
    config = RunConfig().replace(**{"loss.penalty": "contractive", "network.norm": "batch"})
    with pytest.raises(UserError, match=r"^network\.norm: "):
        Autoencoder(config, (1, 8, 8))


def test_glorot_draws_uniformly_up_to_its_bound_and_leaves_biases_at_zero() -> None:
    layer = nn.Linear(30, 20)
    initialise(layer, "glorot", torch.Generator().manual_seed(0))
    bound = (6 / 50) ** 0.5
    assert 0.95 * bound < layer.weight.abs().max() <= bound
    assert abs(layer.weight.std().item() / (bound / 3**0.5) - 1) < 0.1
    assert not layer.bias.any()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(14, 12), (13, 11)])
def test_doubling_is_the_same_with_and_without_gradients(
    channels: int, size: tuple[int, int]
) -> None:
    up = Up(5, channels, size)
    x = torch.randn(3, 5, 7, 6)
    with torch.inference_mode():
        without = up(x)
    assert without.shape == (3, channels, *size)
    torch.testing.assert_close(without, up(x), rtol=1e-5, atol=1e-5)
