"""A trained network as one stand-alone Python script, torch only: the text a teacher would write.

The layers are read off the network itself, so the script has the same ones in the same order, and
the model file's weights fit.
"""

from __future__ import annotations

import re
import textwrap

import torch
from torch import Tensor, nn

from aeviz.config import RunConfig, TrainingConfig
from aeviz.export import script_parts
from aeviz.nn.bottlenecks import LOGVAR_RANGE
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import ImageShape, ResidualBlock, Up

IMPORTS = """
from __future__ import annotations

import argparse
import ast
import hashlib
import io
import json
import math
import struct
import zipfile
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
"""


def script(config: RunConfig, shape: ImageShape, stem: str) -> str:
    """The script for the model file `stem`.safetensors of this configuration and image shape.

    Raises UserError where there is no such network; a restorer of photographs has no script.
    """
    with torch.device("meta"):
        model = Autoencoder(config, shape)
    parts = [
        _about(config, shape, stem) + IMPORTS + "\n" + _constants(config, shape, stem),
        _blocks(model),
        _network(model),
        script_parts.NOISE[config.corruption.kind],
        _loss(config),
        script_parts.AUGMENT[config.training.augment],
        script_parts.SCHEDULE[config.training.schedule],
        _training(config),
        script_parts.FILES,
        _in_file(config),
        _images(config),
        script_parts.MAIN,
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _plain(text: str) -> str:
    """A stranger's words as they may stand in a program's text: no quotes, no backslashes."""
    return re.sub(r"[^\w .,:()=+/-]", "_", text, flags=re.ASCII)


def _about(config: RunConfig, shape: ImageShape, stem: str) -> str:
    file, (c, h, w) = _plain(stem), shape
    named = _plain(config.name or f"{config.type} autoencoder on {config.dataset}")
    return f'''"""{named}

Images of {c} x {h} x {w} become codes of {config.bottleneck.latent_dim} numbers, and images again.
Written by aeviz for the model file of the same name: put the two into one folder.

To train on with the images in the model file, or with your own (a folder, or an .npz of uint8):

    python {file}.py
    python {file}.py --data FOLDER --epochs 5

Needs PyTorch alone to compute, and Pillow (pip install pillow) to open pictures.
"""
'''


def _constants(config: RunConfig, shape: ImageShape, stem: str) -> str:
    training, loss = config.training, config.loss
    lines = [
        f'MODEL = Path(__file__).with_name("{_plain(stem)}.safetensors")',
        f"SHAPE = {shape}  # of an image: channels, height, width",
        f"CODE = {config.bottleneck.latent_dim}  # numbers in a code",
        f"BATCH = {training.batch_size}  # images in a step",
        f"LEARNING_RATE = {training.lr}  # of the training that is done",
        f"SEED = {training.seed}",
    ]
    if config.bottleneck.kind == "gaussian":
        lines.append(f"BETA = {loss.beta}  # weight of the KL divergence")
    if _has_free_bits(config):
        lines.append(f"FREE_BITS = {loss.free_bits}  # nats a dimension may hold at no cost")
    if training.patience:
        lines.append(f"PATIENCE = {training.patience}  # epochs to wait for a better one")
    if loss.penalty != "none":
        lines.append(f"WEIGHT = {loss.weight}  # of the penalty")
    if loss.penalty == "kl-sparsity":
        lines.append(f"RHO = {loss.rho}  # how active a unit of the code should be")
    if config.corruption.kind != "none":
        lines.append(f"NOISE = {config.corruption.amount}  # amount of {config.corruption.kind}")
    return "\n".join(lines)


def _blocks(model: Autoencoder) -> str:
    """The classes of layers that PyTorch does not have, where the network uses them."""
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


def _network(model: Autoencoder) -> str:
    """The network as one class, each layer with the shape that comes out of it."""
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
        """Images -> what the network makes of them."""
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
    """One line for each layer, a new shape behind it as a comment; and what comes out."""
    lines = []
    layers.eval()
    for layer in layers:
        before, x = x, layer(x)
        says = "" if x.shape == before.shape else f"  # {' x '.join(map(str, x.shape[1:]))}"
        lines.append(f"{_code(layer)},{says}")
    return textwrap.indent("\n".join(lines), 12 * " "), x


def _listed(lines: list[str], indent: int) -> str:
    return textwrap.indent("\n".join(f"{line}," for line in lines), indent * " ")


def _code(layer: nn.Module) -> str:
    """The call that makes such a layer."""
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
        case _:  # an activation, or Flatten: it takes nothing
            return f"nn.{type(layer).__name__}()"


def _loss(config: RunConfig) -> str:
    """The training objective as a function, each term under its formula."""
    gaussian = config.bottleneck.kind == "gaussian"
    pixels = "torch.sigmoid(raw)" if config.network.output == "sigmoid" else "raw"
    lines = ["    z = model.encode(x_in)"]
    if gaussian:
        lines = [
            "    # z = mu + sigma * eps with eps ~ N(0, 1): gradients pass through the draw",
            "    mu, logvar = model.posterior(x_in)",
            "    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
        ]
    lines.append("    raw = model.decoder(z)")
    recon = script_parts.RECONSTRUCTION[config.loss.reconstruction].replace("{pixels}", pixels)
    free = _has_free_bits(config)
    kl = script_parts.FREE_BITS if free else script_parts.KL
    terms = recon + (kl if gaussian else script_parts.PENALTY[config.loss.penalty])
    takes = "model: Autoencoder, x: Tensor, x_in: Tensor"
    takes += ", beta: float = BETA" if gaussian else ""
    if free:
        takes = f"\n    {takes}, free_bits: float = 0.0\n"
    return "\n".join(
        [
            f"def loss_of({takes}) -> Tensor:",
            '    """The loss per image when the network sees `x_in` and should answer `x`."""',
            *lines,
            re.sub(r"\n\n+", "\n", terms.strip("\n")),
            "    return loss",
        ]
    )


def _training(config: RunConfig) -> str:
    training = config.training
    decay = f", weight_decay={training.weight_decay}" if training.weight_decay else ""
    usual = training.beta2 == TrainingConfig.beta2
    optimizer = script_parts.OPTIMIZERS[training.optimizer].format(
        decay=decay,
        weight_decay=training.weight_decay,
        betas="" if usual else f", betas=(0.9, {training.beta2})",
    )
    noisy = {"none": "x"}.get(
        config.corruption.kind, f"{config.corruption.kind.replace('-', '_')}(x, NOISE)"
    )
    scheduled, warm = training.schedule != "constant", _warms_up(config)
    step: list[str] = []
    if config.network.norm == "batch":
        step += ["if len(index) == 1:", "    continue  # batch norm needs two images at least"]
    step.append("x = images[index].float() / 255")
    if training.augment != "none":
        step.append("x = augment(x)")
    if warm:
        cycles = config.loss.cycles
        done = f"step * {cycles} / steps % 1" if cycles > 1 else "step / steps"
        share, start = f"min(1, {done} / {config.loss.warmup})", config.loss.beta_start
        beta = f"{start} + (BETA - {start}) * {share}" if start else f"BETA * {share}"
        step.append(f"beta = {beta}")
    given = ", beta=beta" if warm else ""
    given += ", free_bits=FREE_BITS" if _has_free_bits(config) else ""
    step.append(f"loss = loss_of(model, x, {noisy}{given})")
    if scheduled:
        step.append('optimizer.param_groups[0]["lr"] = rate * schedule(step / steps)')
    step += ["optimizer.zero_grad()", "loss.backward()"]
    if training.clip:
        step.append(f"nn.utils.clip_grad_norm_(model.parameters(), {training.clip})")
    step.append("optimizer.step()")
    if scheduled or warm:
        step.append("step += 1")
    counting = "    step, steps = 0, epochs * math.ceil(len(images) / BATCH)\n"
    return _TRAINING.format(
        optimizer=optimizer,
        counting=counting if scheduled or warm else "",
        noisy=noisy,
        watching="    least, best_epoch, best = math.inf, 0, {}\n" if training.patience else "",
        waiting=script_parts.WAITING if training.patience else "",
        step=textwrap.indent("\n".join(step), 12 * " "),
    )


def _warms_up(config: RunConfig) -> bool:
    return config.bottleneck.kind == "gaussian" and config.loss.warmup > 0


def _has_free_bits(config: RunConfig) -> bool:
    return config.bottleneck.kind == "gaussian" and config.loss.free_bits > 0


_TRAINING = '''
def train(model: Autoencoder, images: Tensor, test: Tensor, epochs: int, rate: float) -> None:
    """Trains the network in place; images are uint8 (N, *SHAPE), and those of `test` unseen."""
    optimizer = {optimizer}
{counting}{watching}    print(f"loss at the start: {{measure(model, test):.4f}}")
    for epoch in range(epochs):
        model.train()
        for index in torch.randperm(len(images)).split(BATCH):
{step}
        reached = measure(model, test)
        print(f"loss after epoch {{epoch + 1}}: {{reached:.4f}}")
{waiting}

@torch.no_grad()
def measure(model: Autoencoder, images: Tensor) -> float:
    """The mean loss over images, with the same noise each time."""
    model.eval()
    total = 0.0
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for batch in images.split(500):
            x = batch.float() / 255
            total += loss_of(model, x, {noisy}).item() * len(x)
    return total / len(images)
'''


def _images(config: RunConfig) -> str:
    spread = '    found["logvar"] = torch.cat([model.posterior(x)[1] for x in batches])\n'
    return script_parts.IMAGES.replace("{spread}", spread * (config.bottleneck.kind == "gaussian"))


def _in_file(config: RunConfig) -> str:
    """How the script finds the file's names of the weights."""
    heads = ("mu", "logvar") if config.bottleneck.kind == "gaussian" else ("code",)
    names = {"encoder": "trunk"} | {head: f"bottleneck.{head}" for head in heads}
    rows = "\n".join(f'        "{ours}": "model.{theirs}",' for ours, theirs in names.items())
    return f'''
def in_file(name: str) -> str:
    """How the file calls a weight of the network."""
    part = name.split(".")[0]
    names = {{
{rows}
        "decoder": "model.decoder",
    }}
    return names[part] + name.removeprefix(part)
'''
