"""Encoder trunks and decoders, built from an image shape.

A trunk maps images (N, C, H, W) to features (N, width); the bottleneck maps these to the code; a
decoder maps codes (N, latent_dim) to raw outputs (N, C, H, W): logits if the output is a sigmoid,
pixels if it is linear.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aeviz.config import NetworkConfig

ImageShape = tuple[int, int, int]

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "none": nn.Identity,
}


def activation(name: str) -> nn.Module:
    """A new module for the activation of this name."""
    return _ACTIVATIONS[name]()


def halvings(height: int, width: int, times: int) -> list[tuple[int, int]]:
    """Image sizes along a conv stack: the input's, then each half of the last, rounded up."""
    sizes = [(height, width)]
    for _ in range(times):
        height, width = math.ceil(height / 2), math.ceil(width / 2)
        sizes.append((height, width))
    return sizes


def _dense_stack(widths: list[int], config: NetworkConfig) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers.append(nn.Linear(n_in, n_out))
        if config.norm == "batch":
            layers.append(nn.BatchNorm1d(n_out))
        layers.append(activation(config.activation))
        if config.dropout:
            layers.append(nn.Dropout(config.dropout))
    return layers


class ResidualBlock(nn.Module):
    """x + conv(act(conv(act(x)))), He et al. 2016, pre-activation; keeps (N, C, H, W)."""

    def __init__(self, channels: int, config: NetworkConfig) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_conv_norm(channels, config),
            activation(config.activation),
            nn.Conv2d(channels, channels, 3, padding=1),
            *_conv_norm(channels, config),
            activation(config.activation),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def _conv_norm(channels: int, config: NetworkConfig) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels)] if config.norm == "batch" else []


class Up(nn.Module):
    """Doubles an image (N, C_in, h, w) -> (N, C_out, H, W), cropped if H or W is odd."""

    def __init__(self, n_in: int, n_out: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        grey = self.conv.out_channels == 1 and not torch.is_grad_enabled()
        y = self._to_one_channel(x) if grey else self.conv(x)
        return y[..., : self.size[0], : self.size[1]]

    def _to_one_channel(self, x: Tensor) -> Tensor:
        """`conv` to one channel as a matrix product whose overlapping patches are then summed: a
        third of the time on a CPU. With gradients the convolution is as fast."""
        h, w = x.shape[-2:]
        patches = self.conv.weight.flatten(1).t() @ x.flatten(2)  # (N, 4 * 4, h * w)
        x = F.fold(patches, (2 * h, 2 * w), 4, padding=1, stride=2)
        return x if self.conv.bias is None else x + self.conv.bias


def build_trunk(config: NetworkConfig, shape: ImageShape) -> tuple[nn.Sequential, int]:
    """The encoder up to the bottleneck, and the width of its features."""
    c, h, w = shape
    layers: list[nn.Module] = []
    width = c * h * w
    if config.kind == "conv":
        for n_in, n_out in zip((c, *config.channels), config.channels, strict=False):
            layers += [nn.Conv2d(n_in, n_out, 3, stride=2, padding=1), *_conv_norm(n_out, config)]
            layers += [ResidualBlock(n_out, config) for _ in range(config.residual)]
            layers.append(activation(config.activation))
        h, w = halvings(h, w, len(config.channels))[-1]
        width = config.channels[-1] * h * w
    layers.append(nn.Flatten())
    layers += _dense_stack([width, *config.hidden], config)
    return nn.Sequential(*layers), config.hidden[-1] if config.hidden else width


def build_decoder(config: NetworkConfig, latent_dim: int, shape: ImageShape) -> nn.Sequential:
    """The trunk's mirror image, from a code to raw outputs."""
    c, h, w = shape
    widths = [latent_dim, *reversed(config.hidden)]
    if config.kind == "dense":
        layers = _dense_stack(widths, config)
        layers += [nn.Linear(widths[-1], c * h * w), nn.Unflatten(1, shape)]
        return nn.Sequential(*layers)
    sizes = halvings(h, w, len(config.channels))
    top = (config.channels[-1], *sizes[-1])
    layers = _dense_stack([*widths, math.prod(top)], config)
    layers.append(nn.Unflatten(1, top))
    outs = [*reversed(config.channels[:-1]), c]
    for n_in, n_out, size in zip(
        reversed(config.channels), outs, reversed(sizes[:-1]), strict=True
    ):
        layers += [ResidualBlock(n_in, config) for _ in range(config.residual)]
        layers.append(Up(n_in, n_out, size))
        if size != sizes[0]:
            layers += [*_conv_norm(n_out, config), activation(config.activation)]
    return nn.Sequential(*layers)


def layer_shapes(config: NetworkConfig, latent_dim: int, shape: ImageShape) -> list[str]:
    """The shapes of the network's layers, from input to output, for a diagram or a line of text.

    Dense layers are given by their width ("512"), conv layers by channels x height x width
    ("32x14x14"); the code is in brackets.
    """
    c, h, w = shape
    first = "x".join(map(str, shape)) if config.kind == "conv" else str(c * h * w)
    inner: list[str] = []
    if config.kind == "conv":
        sizes = halvings(h, w, len(config.channels))[1:]
        inner = [f"{n}x{a}x{b}" for n, (a, b) in zip(config.channels, sizes, strict=True)]
    inner += [str(n) for n in config.hidden]
    return [first, *inner, f"[{latent_dim}]", *reversed(inner), first]


def multiplications(network: NetworkConfig, latent_dim: int, shape: ImageShape) -> int:
    """Multiplications to encode one image; decoding takes about as many."""
    c, h, w = shape
    total, width = 0, math.prod(shape)
    if network.kind == "conv":
        sizes = halvings(h, w, len(network.channels))[1:]
        for n_in, n_out, (height, length) in zip(
            (c, *network.channels), network.channels, sizes, strict=False
        ):
            # the decoder's transposed convolutions are 4x4, the encoder's 3x3: 12.5 between them
            total += height * length * n_out * (12 * n_in + 18 * n_out * network.residual)
            width = n_out * height * length
    widths = [width, *network.hidden, latent_dim]
    return total + sum(a * b for a, b in pairwise(widths))


def count_parameters(module: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(p.numel() for p in module.parameters())


def initialise(module: nn.Module, scheme: str, generator: torch.Generator) -> None:
    """Draw all weights from an explicit generator, so that a network does not depend on what ran
    before in the process.

    fan-in: uniform in +-1/sqrt(fan_in), biases too, PyTorch's default. glorot: uniform in
    +-sqrt(6 / (fan_in + fan_out)), biases 0 (Glorot & Bengio 2010), Keras's default.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            fan_in, fan_out = layer.weight[0].numel(), layer.weight[:, 0].numel()
            bound = 1 / math.sqrt(fan_in)
            if scheme == "glorot":
                bound = math.sqrt(6 / (fan_in + fan_out))
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                if layer.bias is not None and scheme == "glorot":
                    layer.bias.zero_()
                elif layer.bias is not None:
                    layer.bias.uniform_(-bound, bound, generator=generator)
