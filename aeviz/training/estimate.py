"""What a configuration will cost, said before it starts: parameters, memory, time."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch

from aeviz import datasets
from aeviz.config import NetworkConfig, RunConfig
from aeviz.datasets import Source
from aeviz.device import describe, pick_device
from aeviz.errors import UserError
from aeviz.nn.model import check_size
from aeviz.nn.networks import ImageShape, halvings
from aeviz.training.loop import check_batches, steps_per_epoch

STEP_SECONDS = 0.0015
"""What a step costs beside its arithmetic: Python, kernel starts, the optimiser."""
AROUND_SECONDS = 10.0
"""Starting the worker and loading the data; measuring the test split and laying out the map."""
GPU_FLOPS = {"cuda": 5e12, "mps": 1e12}
MODEST_FLOPS = 1e10  # of one thread
USABLE_MEMORY = 0.7


@dataclass(frozen=True)
class Estimate:
    """`compression`: numbers in an image per number in its code. Seconds are a rough guess."""

    parameters: int
    compression: float
    bytes: int
    seconds: float
    device: str


def estimate(config: RunConfig) -> Estimate:
    """UserError, in one sentence, where this configuration cannot be trained on this machine."""
    source = datasets.find(config.dataset)
    device = pick_device(config.training.device)
    check_batches(config, source.counts[0])
    parameters = check_size(config, source.image_shape)
    needed = memory(config, source.image_shape, parameters)
    available = memory_of(device)
    if needed > USABLE_MEMORY * available:
        raise UserError(
            f"Training this would need about {needed / 2**30:,.0f} GB of memory and "
            f"{describe(device)} has {available / 2**30:,.0f}: use smaller batches, a smaller code "
            "or narrower layers."
        )
    return Estimate(
        parameters,
        math.prod(source.image_shape) / config.bottleneck.latent_dim,
        needed,
        _seconds(config, source, device),
        describe(device),
    )


def memory(config: RunConfig, shape: ImageShape, parameters: int) -> int:
    """Bytes, roughly: weights, gradients and two moments; what a batch leaves in each layer, three
    times over; and every image's Jacobian where the penalty asks for it."""
    numbers = 4 * parameters
    # validation takes 500 images at a time
    numbers += 3 * max(config.training.batch_size, 500) * activations(config, shape)
    if config.loss.penalty == "contractive":
        jacobian = config.bottleneck.latent_dim * (math.prod(shape) + activations(config, shape))
        numbers += 3 * max(config.training.batch_size, 100) * jacobian
    return 4 * numbers


def activations(config: RunConfig, shape: ImageShape) -> int:
    """Numbers that one image leaves in all layers of encoder and decoder."""
    network = config.network
    inner = sum(network.hidden)
    if network.kind == "conv":
        sizes = halvings(shape[1], shape[2], len(network.channels))[1:]
        blocks = 1 + 5 * network.residual
        inner += sum(blocks * c * h * w for c, (h, w) in zip(network.channels, sizes, strict=True))
    return 2 * (math.prod(shape) + inner) + 3 * config.bottleneck.latent_dim


def multiplications(network: NetworkConfig, latent_dim: int, shape: ImageShape) -> int:
    """Multiplications of one image's way through the encoder; the decoder's are about as many."""
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


def _seconds(config: RunConfig, source: Source, device: torch.device) -> float:
    training = config.training
    one_way = multiplications(config.network, config.bottleneck.latent_dim, source.image_shape)
    per_image = 12.0 * one_way  # 2 operations each, both ways, and twice that for the gradient
    if config.loss.penalty == "contractive":  # one pass back for each code unit, and through that
        per_image += 12.0 * one_way * config.bottleneck.latent_dim
    flops = GPU_FLOPS.get(device.type) or cpu_flops()
    steps = steps_per_epoch(source.counts[0], training)
    images = source.counts[0] + source.counts[1] / 3
    epoch = steps * STEP_SECONDS + images * per_image / flops
    return AROUND_SECONDS + training.epochs * epoch


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
    """Bytes of the device's memory; infinite where the system does not say."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[1])
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return math.inf
