"""Checks that a GPU computes the same as a CPU, and that steps do not wait for it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.datasets.photos import Photos
from aeviz.evaluation.validation import to_float
from aeviz.nn.bottlenecks import Code
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder, Output
from aeviz.presets.restorers import RESTORERS
from aeviz.server.live.batcher import Batcher, Client, Failure, Reply
from aeviz.server.live.computer import ModelComputer
from aeviz.server.live.protocol import HEADER, Op, Request
from aeviz.server.live.stats import Stats
from aeviz.training import graphs
from aeviz.training import restorers as restorer_training
from aeviz.training.loop import train
from aeviz.training.squares import Squares
from aeviz.training.state import begin, make_optimizer
from benchmarks.gpu.restorers import every_kind
from benchmarks.gpu.sizes import Sizes
from benchmarks.trainers import EXAMPLE
from benchmarks.training import NETWORKS

LOSS_TOLERANCE = 0.01
PIXEL_TOLERANCE = 1
WAITS = ("cudaStreamSynchronize", "aten::_local_scalar_dense")
"""Calls that wait until the GPU has finished all queued work, by their names in a profile."""

KINDS: dict[str, RunConfig] = {
    "dense": EXAMPLE.replace(**{"bottleneck.kind": "deterministic"}),
    "conv": EXAMPLE.replace(**NETWORKS["conv"], **{"bottleneck.kind": "deterministic"}),
    "vae": EXAMPLE,
}


@contextlib.contextmanager
def exact_convolutions() -> Iterator[None]:
    """Convolutions in full fp32 instead of a GPU's TF32."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def checks(
    dataset: Dataset, photos: Photos, device: torch.device, sizes: Sizes
) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """All checks by name; each returns its measurements and whether they are `good`."""
    for kind, config in KINDS.items():
        yield f"losses of {kind}", partial(same_losses, config, dataset, device, sizes)
    yield "losses of a restorer", partial(same_restorer_losses, photos, device, sizes)
    yield "decoding", partial(decoding, device)
    yield "CUDA graphs", partial(recorded_steps, dataset, device, sizes)
    yield "waits of training", partial(waits, dataset, device, sizes)
    yield "waits of degradations", partial(waits_of_degradations, photos, device, sizes)


@exact_convolutions()
def same_losses(
    config: RunConfig, dataset: Dataset, device: torch.device, sizes: Sizes
) -> dict[str, Any]:
    """How much the losses of an autoencoder on CPU and device differ."""
    return _apart(*(autoencoder_losses(config, dataset, each, sizes) for each in _both(device)))


@exact_convolutions()
def same_restorer_losses(photos: Photos, device: torch.device, sizes: Sizes) -> dict[str, Any]:
    """How much the losses of a denoiser on CPU and device differ."""
    return _apart(*(restorer_losses(photos, each, sizes) for each in _both(device)))


def _both(device: torch.device) -> tuple[torch.device, torch.device]:
    return torch.device("cpu"), device


def _apart(reference: Tensor, found: Tensor) -> dict[str, Any]:
    """The difference of two curves of losses (steps,), relative to the first."""
    most = ((found - reference).abs() / reference.abs()).max().item()
    return {"apart": round(most, 6), "good": most <= LOSS_TOLERANCE}


def autoencoder_losses(
    config: RunConfig, dataset: Dataset, device: torch.device, sizes: Sizes
) -> Tensor:
    """The losses of the first steps in fp32; batches and eps are drawn on the CPU, so that they are
    the same on every device."""
    model = Autoencoder(config, dataset.image_shape).to(device)
    optimizer = make_optimizer(model, config.training, device)
    chance = torch.Generator().manual_seed(0)
    images, found = dataset.train.images, []
    for _ in range(sizes.check_steps):
        index = torch.randint(len(images), (config.training.batch_size,), generator=chance)
        eps = torch.randn(len(index), model.latent_dim, generator=chance).to(device)
        x = to_float(images[index].to(device))
        terms = _terms(model, x, eps)
        model.zero_grad(set_to_none=True)
        terms.total.backward()
        optimizer.step()
        found.append(terms.total.detach())
    return torch.stack(found).cpu()


def _terms(model: Autoencoder, x: Tensor, eps: Tensor) -> Terms:
    code: Code = model.bottleneck(model.trunk(x), sample=False)
    z = code.mu if code.logvar is None else code.mu + (0.5 * code.logvar).exp() * eps
    return model.loss(Output(model.decoder(z), z, code.mu, code.logvar), x, x, 1.0)


def restorer_losses(photos: Photos, device: torch.device, sizes: Sizes) -> Tensor:
    """The same for a denoiser, on squares that are cut and degraded on the CPU."""
    crop = min(64, sizes.crop)
    config = RESTORERS["restore-denoise"].replace(
        **{
            "network.channels": [16, 32, 64],  # small, so that the CPU does not take long
            "bottleneck.latent_dim": 64,
            "training.crop": crop,
            "training.lr": 1e-3,
            "training.precision": "fp32",
        }
    )
    model = restorer_training.begin(config, None, device)
    optimizers = restorer_training.make_optimizers(model, config.training)
    shown = Squares(photos.train[:20], crop, torch.device("cpu"))
    chance, found = torch.Generator().manual_seed(0), []
    for _ in range(sizes.check_steps):
        batch = restorer_training.draw(shown, 4, "noise", chance)
        batch = restorer_training.Batch(*(part.to(device) for part in batch))
        loss, _ = restorer_training.forward(model, batch, 1.0, "fp32")
        model.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer, _ in optimizers:
            optimizer.step()
        found.append(loss.detach())
    return torch.stack(found).cpu()


@exact_convolutions()
def decoding(device: torch.device) -> dict[str, Any]:
    """The difference, in levels of 255, of the pixels that the app's batcher returns on the two
    devices."""
    config = EXAMPLE.replace(**NETWORKS["conv"])
    rng = np.random.default_rng(0)
    codes = [rng.normal(size=(rows, 16)).astype(np.float32) for rows in (1, 16, 200)]
    replies = []
    for each in _both(device):
        model = Autoencoder(config, (1, 28, 28)).to(each).eval()
        replies.append(_served(model, codes))
    apart = max(
        int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(*replies, strict=True)
    )
    return {"levels": apart, "good": apart <= PIXEL_TOLERANCE}


def _served(model: Autoencoder, codes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The pixels that a batcher returns for these decodes, in the order of the requests."""
    replies: list[Reply] = []
    complete = threading.Event()

    def deliver(some: Sequence[Reply]) -> None:
        replies.extend(some)
        if len(replies) == len(codes):
            complete.set()

    batcher = Batcher(_Warm(model), deliver, Stats())
    client = Client()
    for number, values in enumerate(codes):
        batcher.submit(client, Request(number, Op.DECODE, values))
    answered = complete.wait(60)
    batcher.close()
    if not answered:
        raise TimeoutError("the batcher did not answer within a minute")
    found: dict[int, np.ndarray] = {}
    for _, answer in replies:
        if isinstance(answer, Failure):
            raise RuntimeError(answer.reason)
        number = HEADER.unpack_from(answer)[0]
        found[number] = np.frombuffer(answer, np.uint8, offset=HEADER.size)
    return [found[number] for number in range(len(codes))]


class _Warm(ModelComputer):
    def warm_up(self) -> None:
        """Does nothing: here no request is waiting."""


def waits(dataset: Dataset, device: torch.device, sizes: Sizes) -> dict[str, Any]:
    """How often a training step of aeviz's loop waits for the GPU; skipped on a CPU."""
    if device.type != "cuda":
        return {"per_step": None, "good": True}
    state = begin(EXAMPLE, dataset, device)
    steps = train(state, dataset)
    count = min(sizes.check_steps, 20)
    for _ in range(3):
        next(steps)
    found = waits_of(lambda: next(steps), count)
    # the loop may read its loss five times a second
    return {"per_step": found / count, "good": found <= 1 + count // 10}


def waits_of_degradations(photos: Photos, device: torch.device, sizes: Sizes) -> dict[str, Any]:
    """How often drawing a batch with all degradations waits for the GPU; skipped on a CPU."""
    if device.type != "cuda":
        return {"per_batch": None, "good": True}
    shown = Squares(photos.train[:20], min(64, sizes.crop), device)
    chance = torch.Generator(device).manual_seed(0)
    every_kind(shown, 16, chance)  # warm-up: constants, and stencils that are drawn once
    found = waits_of(lambda: every_kind(shown, 16, chance), 3)
    return {"per_batch": found / 3, "good": found == 0}


def recorded_steps(dataset: Dataset, device: torch.device, sizes: Sizes) -> dict[str, Any]:
    """Whether steps recorded as a CUDA graph have the same losses, without eps, as others. If so,
    later trainings are recorded."""
    if device.type != "cuda":
        return {"apart": None, "good": True}
    config = KINDS["conv"].replace(**{"training.precision": "fp32"})
    curves, switch = [], "0"
    try:
        for recorded in ("0", "1"):
            os.environ[graphs.SWITCH] = recorded
            steps = train(begin(config, dataset, device), dataset)
            # cloned, because a replayed graph writes each loss into the same tensor
            losses = [next(steps).terms.total.clone() for _ in range(sizes.check_steps)]
            curves.append(torch.stack(losses))
        found = _apart(*(curve.cpu() for curve in curves))
        switch = "1" if found["good"] else "0"
    finally:
        os.environ[graphs.SWITCH] = switch
    return found


def waits_of(step: Callable[[], object], count: int) -> int:
    """How often `count` calls of `step` wait for the GPU to finish all work, by a profile."""
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        for _ in range(count):
            step()
    return sum(row.count for row in profiler.key_averages() if row.key in WAITS)
