"""The network of the exported script: one class with the layers of the model, in the same order."""

from __future__ import annotations

import re
import textwrap

import torch
from torch import Tensor, nn

from aeviz.export import script_parts
from aeviz.nn.bottlenecks import LOGVAR_RANGE
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import ResidualBlock, Up


def blocks(model: Autoencoder) -> str:
    """The classes of layers that PyTorch does not have, if the network uses them."""
    used = list(model.modules())
    parts = []
    residual = next((layer for layer in used if isinstance(layer, ResidualBlock)), None)
    if residual is not None:
        width = str(next(p.shape[0] for p in residual.parameters()))
        lines = [re.sub(rf"\b{width}\b", "channels", _code(layer)) for layer in residual.body]
        parts.append(script_parts.RESIDUAL.replace("{body}", _listed(lines, 12)))
    if any(isinstance(layer, Up) for layer in used):
        parts.append(script_parts.UP)
    return "\n\n\n".join(part.strip("\n") for part in parts)


def network(model: Autoencoder) -> str:
    """The network as one class, with the output shape of each layer as a comment."""
    config = model.config
    x = torch.empty(1, *model.image_shape, device="meta")
    encoder, features = _layers(model.trunk, x)
    decoder, _ = _layers(model.decoder, torch.empty(1, model.latent_dim, device="meta"))
    width = features.shape[1]
    sigmoid = config.network.output == "sigmoid"
    pixels = "torch.sigmoid(self.decoder(z))" if sigmoid else "self.decoder(z)"
    if model.is_gaussian:
        heads: tuple[str, ...] = ("mu", "logvar")
        coding = _GAUSSIAN.format(low=LOGVAR_RANGE[0], high=LOGVAR_RANGE[1])
    else:
        heads = ("code",)
        form = {"none": "{}", "relu": "torch.relu({})", "sigmoid": "torch.sigmoid({})"}
        code = form[config.bottleneck.activation].format("self.code(self.encoder(x))")
        coding = _DETERMINISTIC.format(code=code)
    return _CLASS.format(
        shape=model.image_shape,
        encoder=encoder,
        heads="\n".join(f"        self.{head} = nn.Linear({width}, CODE)" for head in heads),
        decoder=decoder,
        coding=coding.strip("\n"),
        pixels=pixels,
        range="in [0, 1]" if sigmoid else "about [0, 1], unbounded",
        raw="logits" if sigmoid else "pixels",
    )


_CLASS = '''
class Autoencoder(nn.Module):
    """Images (N, *SHAPE) in [0, 1] -> codes (N, CODE) -> images."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
{encoder}
        )
{heads}
        self.decoder = nn.Sequential(  # ends in {raw}
{decoder}
        )

{coding}

    def decode(self, z: Tensor) -> Tensor:
        """Codes (N, CODE) -> images (N, *SHAPE), {range}."""
        return {pixels}

    def forward(self, x: Tensor) -> Tensor:
        """Images -> their reconstructions."""
        return self.decode(self.encode(x))
'''

_GAUSSIAN = '''
    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The Gaussian q(z|x) of each image: its mean and the logarithm of its variance."""
        features = self.encoder(x)
        return self.mu(features), self.logvar(features).clamp({low}, {high})

    def encode(self, x: Tensor) -> Tensor:
        """The code of each image: the mean of its Gaussian."""
        return self.posterior(x)[0]
'''

_DETERMINISTIC = '''
    def encode(self, x: Tensor) -> Tensor:
        """The code of each image."""
        return {code}
'''


def _layers(layers: nn.Sequential, x: Tensor) -> tuple[str, Tensor]:
    """One line per layer, with a new output shape as a comment; and the output."""
    lines = []
    layers.eval()
    for layer in layers:
        before, x = x, layer(x)
        comment = "" if x.shape == before.shape else f"  # {' x '.join(map(str, x.shape[1:]))}"
        lines.append(f"{_code(layer)},{comment}")
    return textwrap.indent("\n".join(lines), 12 * " "), x


def _listed(lines: list[str], indent: int) -> str:
    return textwrap.indent("\n".join(f"{line}," for line in lines), indent * " ")


def _code(layer: nn.Module) -> str:
    """The expression that creates this layer."""
    match layer:
        case nn.Linear():
            return f"nn.Linear({layer.in_features}, {layer.out_features})"
        case nn.Conv2d():
            step = ", stride=2" if layer.stride == (2, 2) else ""
            return f"nn.Conv2d({layer.in_channels}, {layer.out_channels}, 3{step}, padding=1)"
        case Up():
            return f"Up({layer.conv.in_channels}, {layer.conv.out_channels}, size={layer.size})"
        case ResidualBlock():
            return f"ResidualBlock({next(p.shape[0] for p in layer.parameters())})"
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return f"nn.{type(layer).__name__}({layer.num_features})"
        case nn.Dropout():
            return f"nn.Dropout({layer.p})"
        case nn.Unflatten():
            return f"nn.Unflatten(1, {tuple(layer.unflattened_size)})"
        case _:  # an activation, or Flatten: no arguments
            return f"nn.{type(layer).__name__}()"
