"""What a configuration will cost, said before it starts: parameters, memory, time."""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Source
from aeviz.device import describe, pick_device
from aeviz.errors import UserError
from aeviz.nn.model import Autoencoder, check_size
from aeviz.nn.networks import ImageShape, multiplications
from aeviz.runs import queue
from aeviz.training.cpu.microbatches import pieces_of
from aeviz.training.cpu.threads import threads
from aeviz.training.state import check_batches, steps_per_epoch

STEP_SECONDS = 0.0015
"""What a step costs beside its arithmetic: Python, kernel starts, the optimiser."""
AROUND_SECONDS = 4.0
"""Starting the worker and loading the data; measuring the test split."""
GPU_FLOPS = {"cuda": 5e12, "mps": 1e12}
MODEST_FLOPS = 1e10  # of one thread
USABLE_MEMORY = 0.7
VALIDATION_ROWS = 500
SCRATCH = 1.3
"""What a step has in memory per number that its layers leave."""
AROUND_PIXELS = 4
"""The image itself, as it is corrupted and as it comes out, and the gradient of that."""
CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says how much of the memory a container may use."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a training needs at its fullest moment. `kept`: the last good epoch's weights."""

    weights: int
    gradients: int
    optimiser: int
    activations: int
    images: int
    kept: int

    @property
    def total(self) -> int:
        return sum(vars(self).values())


@dataclass(frozen=True)
class Estimate:
    """Seconds are a rough guess. `steps`: total optimizer steps."""

    parameters: int
    memory: Memory
    seconds: float
    device: str
    steps: int


def estimate(config: RunConfig) -> Estimate:
    """UserError, in one sentence, where this configuration cannot be trained on this machine."""
    source = datasets.find(config.dataset)
    device = pick_device(config.training.device)
    check_batches(config, source.counts[0])
    parameters = check_size(config, source.image_shape)
    share = threads(config, queue.cores(), queue.slots())
    pieces = pieces_of(config, share) if device.type == "cpu" else 1
    needed = memory(config, source.image_shape, parameters, sum(source.counts), pieces)
    available = memory_of(device)
    if needed.total > USABLE_MEMORY * available:
        raise UserError(
            f"Training this would need about {needed.total / 2**30:,.1f} GB of memory and "
            f"{describe(device)} has {available / 2**30:,.1f}: use smaller batches, a smaller code "
            "or narrower layers."
        )
    return Estimate(
        parameters,
        needed,
        AROUND_SECONDS + config.training.epochs * _epoch_seconds(config, source, device),
        describe(device, share),
        steps_per_epoch(source.counts[0], config.training) * config.training.epochs,
    )


def memory(
    config: RunConfig, shape: ImageShape, parameters: int, images: int = 0, pieces: int = 1
) -> Memory:
    """What training needs, all numbers of 4 bytes but for the data set's `images`, of 1 each.

    With P parameters, B images in a batch and A numbers that the layers leave of one image:
    weights P, gradients P for each of a batch's `pieces`, optimiser 2 P (Adam's two moments; SGD's
    momentum: P), activations 1.3 B A (all kept for the way back, and on it the gradients of a few),
    the copy of the last good weights P. Validation keeps two layers of 500 images at a time; that
    counts where it is more.
    The contractive penalty adds a Jacobian for each image, three times over.

    Measured on a CPU (peak of the resident set over a tiny network's), dense, conv and residual
    networks, with and without batch norm and dropout, took 0.8 to 1.05 times as much; in bf16 less.
    """
    batch = config.training.batch_size
    sizes = outputs(config, shape)
    pixels = math.prod(shape)
    kept = SCRATCH * batch * (sum(sizes) + AROUND_PIXELS * pixels)
    looked_at = VALIDATION_ROWS * (2 * max(sizes) + AROUND_PIXELS * pixels)
    if config.loss.penalty == "contractive":
        encoder = sum(sizes[: len(sizes) // 2])
        jacobian = 3 * config.bottleneck.latent_dim * (pixels + encoder)
        kept += batch * jacobian
        looked_at += 100 * jacobian
    moments = 1 if config.training.optimizer == "sgd" else 2
    return Memory(
        weights=4 * parameters,
        gradients=4 * pieces * parameters,
        optimiser=4 * moments * parameters,
        activations=round(4 * max(kept, looked_at)),
        images=images * pixels,
        kept=4 * parameters,
    )


def outputs(config: RunConfig, shape: ImageShape) -> list[int]:
    """Numbers that each layer (convolution, norm, activation, dropout, ...) leaves of one image,
    from the encoder's first to the decoder's last; found by asking a network without weights."""
    sizes: list[int] = []
    nothing = (nn.Flatten, nn.Unflatten, nn.Identity)

    def note(layer: nn.Module, given: object, left: object) -> None:
        if isinstance(left, Tensor) and not isinstance(layer, nothing):
            sizes.append(left.numel())

    with torch.device("meta"):
        model = Autoencoder(config, shape).eval()
        for layer in model.modules():
            if not list(layer.children()):
                layer.register_forward_hook(note)
        with torch.enable_grad():  # as it trains: without, a thin convolution goes another way
            model(torch.empty(1, *shape), sample=False)
    return sizes


def epoch_seconds(config: RunConfig) -> float:
    """A rough guess at what an epoch takes here; UserError where its data set is gone."""
    device = pick_device(config.training.device)
    return _epoch_seconds(config, datasets.find(config.dataset), device)


def _epoch_seconds(config: RunConfig, source: Source, device: torch.device) -> float:
    training = config.training
    one_way = multiplications(config.network, config.bottleneck.latent_dim, source.image_shape)
    per_image = 12.0 * one_way  # 2 operations each, both ways, and twice that for the gradient
    if config.loss.penalty == "contractive":  # one pass back for each code unit, and through that
        per_image += 12.0 * one_way * config.bottleneck.latent_dim
    flops = GPU_FLOPS.get(device.type) or cpu_flops()
    steps = steps_per_epoch(source.counts[0], training)
    images = source.counts[0] + source.counts[1] / 3
    return steps * STEP_SECONDS + images * per_image / flops


@cache
def cpu_flops() -> float:
    """Floating-point operations per second in training on this CPU: half of what a product of two
    mid-sized matrices reaches, measured once; on a busy machine no less than a modest one's."""
    a, b = torch.ones(128, 512), torch.ones(512, 512)
    best = math.inf
    for _ in range(30):
        began = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began)
    return max(128 * 512 * 512 / best, MODEST_FLOPS * torch.get_num_threads())


def memory_of(device: torch.device) -> float:
    """Bytes of the device's memory, or as many of them as this container may use; infinite where
    the system does not say."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[1])
    limits = [math.inf]
    with contextlib.suppress(AttributeError, OSError, ValueError):
        limits.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    for path in CGROUPS:
        with contextlib.suppress(OSError, ValueError):  # "max" is no limit
            limits.append(float(int(path.read_text())))
    return min(limits)
