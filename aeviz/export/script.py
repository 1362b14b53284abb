"""A trained network as one stand-alone Python script that needs only PyTorch, written to be read.

The layers are taken from the network itself, so the script has the same layers in the same order,
and the model file's weights fit.
"""

from __future__ import annotations

import re
import textwrap

import torch

from aeviz.config import RunConfig, TrainingConfig
from aeviz.export import script_files, script_parts
from aeviz.export.script_network import blocks, network
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import ImageShape

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

    Raises UserError if the network cannot be built; restorers of photographs have no script.
    """
    with torch.device("meta"):
        model = Autoencoder(config, shape)
    parts = [
        _about(config, shape, stem) + IMPORTS + "\n" + _constants(config, shape, stem),
        blocks(model),
        network(model),
        script_parts.NOISE[config.corruption.kind],
        _loss(config),
        script_parts.AUGMENT[config.training.augment],
        script_parts.SCHEDULE[config.training.schedule],
        _training(config),
        script_files.FILES,
        _in_file(config),
        _images(config),
        script_files.MAIN,
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _plain(text: str) -> str:
    """Text from a user, made safe inside a program: no quotes, no backslashes."""
    return re.sub(r"[^\w .,:()=+/-]", "_", text, flags=re.ASCII)


def _about(config: RunConfig, shape: ImageShape, stem: str) -> str:
    file, (c, h, w) = _plain(stem), shape
    named = _plain(config.name or f"{config.type} autoencoder on {config.dataset}")
    return f'''"""{named}

It encodes images of {c} x {h} x {w} into codes of {config.bottleneck.latent_dim} numbers and
decodes them again. Written by aeviz for the model file of the same name: put both into one folder.

To continue training with the images in the model file, or with your own (a folder of images, or an
.npz file of uint8):

    python {file}.py
    python {file}.py --data FOLDER --epochs 5

Needs PyTorch, and Pillow (pip install pillow) to open images.
"""
'''


def _constants(config: RunConfig, shape: ImageShape, stem: str) -> str:
    training, loss = config.training, config.loss
    lines = [
        f'MODEL = Path(__file__).with_name("{_plain(stem)}.safetensors")',
        f"SHAPE = {shape}  # of an image: channels, height, width",
        f"CODE = {config.bottleneck.latent_dim}  # dimensions of the code",
        f"BATCH = {training.batch_size}  # images per step",
        f"LEARNING_RATE = {training.lr}  # of the original training",
        f"SEED = {training.seed}",
    ]
    if config.bottleneck.kind == "gaussian":
        lines.append(f"BETA = {loss.beta}  # weight of the KL divergence")
    if _has_free_bits(config):
        lines.append(f"FREE_BITS = {loss.free_bits}  # nats of KL per dimension that cost nothing")
    if training.patience:
        lines.append(
            f"PATIENCE = {training.patience}  # epochs without improvement before stopping"
        )
    if loss.penalty != "none":
        lines.append(f"WEIGHT = {loss.weight}  # of the penalty")
    if loss.penalty == "kl-sparsity":
        lines.append(f"RHO = {loss.rho}  # target mean activation of each unit of the code")
    if config.corruption.kind != "none":
        lines.append(f"NOISE = {config.corruption.amount}  # amount of {config.corruption.kind}")
    return "\n".join(lines)


def _loss(config: RunConfig) -> str:
    """The training objective as a function, with the formula of each term."""
    gaussian = config.bottleneck.kind == "gaussian"
    pixels = "torch.sigmoid(raw)" if config.network.output == "sigmoid" else "raw"
    lines = ["    z = model.encode(x_in)"]
    if gaussian:
        lines = [
            "    # z = mu + sigma * eps with eps ~ N(0, 1), so that gradients reach mu and sigma",
            "    mu, logvar = model.posterior(x_in)",
            "    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
        ]
    lines.append("    raw = model.decoder(z)")
    recon = script_parts.RECONSTRUCTION[config.loss.reconstruction].replace("{pixels}", pixels)
    free = _has_free_bits(config)
    kl = script_parts.FREE_BITS if free else script_parts.KL
    terms = recon + (kl if gaussian else script_parts.PENALTY[config.loss.penalty])
    parameters = "model: Autoencoder, x: Tensor, x_in: Tensor"
    parameters += ", beta: float = BETA" if gaussian else ""
    if free:
        parameters = f"\n    {parameters}, free_bits: float = 0.0\n"
    return "\n".join(
        [
            f"def loss_of({parameters}) -> Tensor:",
            '    """The loss per image for the input `x_in` and the target `x`."""',
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
        step += ["if len(index) == 1:", "    continue  # batch norm needs at least two images"]
    step.append("x = images[index].float() / 255")
    if training.augment != "none":
        step.append("x = augment(x)")
    if warm:
        cycles = config.loss.cycles
        done = f"step * {cycles} / steps % 1" if cycles > 1 else "step / steps"
        share, start = f"min(1, {done} / {config.loss.warmup})", config.loss.beta_start
        beta = f"{start} + (BETA - {start}) * {share}" if start else f"BETA * {share}"
        step.append(f"beta = {beta}")
    arguments = ", beta=beta" if warm else ""
    arguments += ", free_bits=FREE_BITS" if _has_free_bits(config) else ""
    step.append(f"loss = loss_of(model, x, {noisy}{arguments})")
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
        watching="    lowest, best_epoch, best = math.inf, 0, {}\n" if training.patience else "",
        waiting=script_parts.WAITING if training.patience else "",
        step=textwrap.indent("\n".join(step), 12 * " "),
    )


def _warms_up(config: RunConfig) -> bool:
    return config.bottleneck.kind == "gaussian" and config.loss.warmup > 0


def _has_free_bits(config: RunConfig) -> bool:
    return config.bottleneck.kind == "gaussian" and config.loss.free_bits > 0


_TRAINING = '''
def train(model: Autoencoder, images: Tensor, test: Tensor, epochs: int, rate: float) -> None:
    """Trains the network in place; images and test are uint8 (N, *SHAPE), without common images."""
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
    return script_files.IMAGES.replace("{spread}", spread * (config.bottleneck.kind == "gaussian"))


def _in_file(config: RunConfig) -> str:
    """The script's function for the names of the weights in the file."""
    heads = ("mu", "logvar") if config.bottleneck.kind == "gaussian" else ("code",)
    names = {"encoder": "trunk"} | {head: f"bottleneck.{head}" for head in heads}
    rows = "\n".join(f'        "{ours}": "model.{theirs}",' for ours, theirs in names.items())
    return f'''
def in_file(name: str) -> str:
    """The name of a weight in the model file."""
    part = name.split(".")[0]
    names = {{
{rows}
        "decoder": "model.decoder",
    }}
    return names[part] + name.removeprefix(part)
'''
