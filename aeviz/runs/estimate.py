"""Estimate the cost of a training before it starts: parameters, memory, time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Source
from aeviz.device import describe, pick_device
from aeviz.errors import UserError
from aeviz.io import machine
from aeviz.nn.model import Autoencoder, check_size
from aeviz.nn.networks import ImageShape, multiplications
from aeviz.runs import queue
from aeviz.training.cpu.microbatches import pieces_of
from aeviz.training.cpu.threads import threads
from aeviz.training.state import check_batches, steps_per_epoch

STEP_SECONDS = 0.0015
"""The overhead of a step: Python, kernel launches, the optimiser."""
AROUND_SECONDS = 4.0
"""Time before and after training: start the worker, load the data, measure on the test split."""
GPU_FLOPS = {"cuda": 5e12, "mps": 1e12}
MIN_FLOPS = 1e10  # of one thread
USABLE_MEMORY = 0.7
VALIDATION_ROWS = 500
SCRATCH = 1.3
"""Numbers in memory during a step for each number in the outputs of its layers."""
AROUND_PIXELS = 4
"""Copies of an image in memory: clean, corrupted, reconstructed, and the gradient of the last."""


@dataclass(frozen=True)
class Memory:
    """The peak memory of a training, in bytes. `kept`: the last good epoch's weights."""

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
    """The cost of a training. `seconds`: a rough guess. `steps`: total optimizer steps."""

    parameters: int
    memory: Memory
    seconds: float
    device: str
    steps: int


def estimate(config: RunConfig) -> Estimate:
    """The cost of training this configuration here; UserError if this machine cannot train it."""
    source = datasets.find(config.dataset)
    device = pick_device(config.training.device)
    check_batches(config, source.counts[0])
    parameters = check_size(config, source.image_shape)
    share = threads(config, machine.cores(), queue.slots())
    pieces = pieces_of(config, share) if device.type == "cpu" else 1
    needed = memory(config, source.image_shape, parameters, sum(source.counts), pieces)
    available = memory_of(device)
    if needed.total > USABLE_MEMORY * available:
        raise UserError(
            f"Training this would need about {needed.total / 2**30:,.1f} GB of memory, but "
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
    """The memory that training needs. Numbers have 4 bytes, those of the data set's `images` 1.

    With P parameters, B images in a batch and A numbers in the layers' outputs for one image:
    weights P, gradients P for each of a batch's `pieces`, optimiser 2 P (the two moments of Adam)
    or P (the momentum of SGD), activations 1.3 B A (kept for the backward pass, with the gradients
    of a few of them), a copy of the last good weights P. Validation has the outputs of two layers
    in memory, for 500 images at a time; this counts if it is more than the activations. The
    contractive penalty adds three Jacobians for each image.

    On a CPU, the measured peak (resident set, minus that of a tiny network) of dense, conv and
    residual networks, with and without batch norm and dropout, was 0.8 to 1.05 times this estimate;
    less in bf16.
    """
    batch = config.training.batch_size
    sizes = outputs(config, shape)
    pixels = math.prod(shape)
    training = SCRATCH * batch * (sum(sizes) + AROUND_PIXELS * pixels)
    validation = VALIDATION_ROWS * (2 * max(sizes) + AROUND_PIXELS * pixels)
    if config.loss.penalty == "contractive":
        encoder = sum(sizes[: len(sizes) // 2])
        jacobian = 3 * config.bottleneck.latent_dim * (pixels + encoder)
        training += batch * jacobian
        validation += 100 * jacobian
    moments = 1 if config.training.optimizer == "sgd" else 2
    return Memory(
        weights=4 * parameters,
        gradients=4 * pieces * parameters,
        optimiser=4 * moments * parameters,
        activations=round(4 * max(training, validation)),
        images=images * pixels,
        kept=4 * parameters,
    )


def outputs(config: RunConfig, shape: ImageShape) -> list[int]:
    """The size of each layer's output (convolution, norm, activation, dropout, ...) for one image,
    from the encoder's first layer to the decoder's last. Measured on a network without weights."""
    sizes: list[int] = []
    views = (nn.Flatten, nn.Unflatten, nn.Identity)  # these allocate nothing

    def note(layer: nn.Module, given: object, output: object) -> None:
        if isinstance(output, Tensor) and not isinstance(layer, views):
            sizes.append(output.numel())

    with torch.device("meta"):
        model = Autoencoder(config, shape).eval()
        for layer in model.modules():
            if not list(layer.children()):
                layer.register_forward_hook(note)
        with torch.enable_grad():  # as in training: without gradients, thin convolutions differ
            model(torch.empty(1, *shape), sample=False)
    return sizes


def epoch_seconds(config: RunConfig) -> float:
    """A rough guess at the seconds of an epoch here; UserError if its data set is gone."""
    device = pick_device(config.training.device)
    return _epoch_seconds(config, datasets.find(config.dataset), device)


def _epoch_seconds(config: RunConfig, source: Source, device: torch.device) -> float:
    training = config.training
    encoder = multiplications(config.network, config.bottleneck.latent_dim, source.image_shape)
    # 2 operations each, in encoder and decoder; the backward pass takes twice as many
    per_image = 12.0 * encoder
    if config.loss.penalty == "contractive":  # a backward pass for each code unit, and through it
        per_image += 12.0 * encoder * config.bottleneck.latent_dim
    flops = GPU_FLOPS.get(device.type) or cpu_flops()
    steps = steps_per_epoch(source.counts[0], training)
    images = source.counts[0] + source.counts[1] / 3
    return steps * STEP_SECONDS + images * per_image / flops


@cache
def cpu_flops() -> float:
    """Floating-point operations per second in training on this CPU: half the rate of a product of
    two mid-sized matrices, measured once. At least MIN_FLOPS per thread, as the machine may be
    busy."""
    a, b = torch.ones(128, 512), torch.ones(512, 512)
    best = math.inf
    for _ in range(30):
        began = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began)
    return max(128 * 512 * 512 / best, MIN_FLOPS * torch.get_num_threads())


def memory_of(device: torch.device) -> float:
    """Bytes of the device's memory, or of this container's limit if that is lower; infinite if the
    system does not say."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[1])
    return machine.total_memory()
