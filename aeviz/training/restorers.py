"""The training loop of restorers, from top to bottom: forward, loss, divergence check, backward,
clip, step. Inputs are random squares of photographs with a fresh random degradation each time;
targets are the clean squares.

An epoch has sixteen squares of every photograph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from aeviz.config import RunConfig, TrainingConfig
from aeviz.degradations import DEGRADATIONS
from aeviz.degradations.pixels import luminance
from aeviz.device import autocast
from aeviz.errors import UserError
from aeviz.nn import losses
from aeviz.nn.unet import Restorer
from aeviz.training.divergence import DivergedError
from aeviz.training.muon import Muon
from aeviz.training.schedules import learning_rate
from aeviz.training.squares import Squares

SQUARES = 16
ADAM_SHARE = 0.3
"""AdamW's share of the learning rate beside Muon."""


@dataclass(frozen=True)
class PhotoStep:
    """One step. `psnr`: of this batch's output, in dB; of the matte, if the restorer draws one."""

    step: int
    steps: int
    epoch: int
    loss: float
    psnr: float


def begin(config: RunConfig, start: Restorer | None, device: torch.device) -> Restorer:
    """A fresh restorer, or one with the weights of `start`, whose network must be the same. A
    restorer that draws a matte may start from one that does not: its last layer is then fresh."""
    model = Restorer(config).to(device)
    model.to(memory_format=torch.channels_last)
    if start is not None:
        weights = start.state_dict()
        if model.matte and not start.matte:
            fresh = {f"tail.{name}": value for name, value in model.tail.state_dict().items()}
            weights |= fresh
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise UserError(
                "The model to start from has another network: remove --start."
            ) from error
    return model


def interpolate_weights(model: Restorer, start: Restorer, share: float) -> None:
    """Move the weights of `model`, which was trained from `start`, back towards those of `start` by
    this share.

    Averaging keeps most of the new skill while recovering most of the old one (Wortsman et al.
    2022, "Robust fine-tuning of zero-shot models").
    """
    before = start.state_dict()
    for name, weights in model.state_dict().items():
        if weights.shape == before[name].shape:  # a fresh last layer has no start
            weights.lerp_(before[name].to(weights.device), share)


def train(model: Restorer, photos: list[Tensor]) -> Iterator[PhotoStep]:
    """Train `model` in place on `photos`, each uint8 (3, H, W), yielding after every step.

    Raises UserError if a photograph is smaller than the square, DivergedError if the loss is not a
    number.
    """
    config, training = model.config, model.config.training
    device = next(model.parameters()).device
    outside = DEGRADATIONS[config.corruption.kind].outside
    squares = Squares(photos, training.crop, device)
    generator = torch.Generator(device).manual_seed(training.seed + 1)
    optimizers = make_optimizers(model, training)
    per_epoch = math.ceil(len(photos) * SQUARES / training.batch_size)
    steps = per_epoch * training.epochs
    model.train()
    for step in range(steps):
        for optimizer, share in optimizers:
            optimizer.param_groups[0]["lr"] = share * learning_rate(training, step / steps)
        batch = draw(squares, training.batch_size, config.corruption.kind, generator)
        loss, x_hat = forward(model, batch, outside, training.precision)
        if not math.isfinite(loss.item()):
            raise DivergedError(f"Training stopped at step {step + 1}: use a smaller training.lr.")
        model.zero_grad(set_to_none=True)
        loss.backward()
        if training.clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)
        for optimizer, _ in optimizers:
            optimizer.step()
        shown = losses.pixels(x_hat.detach(), config.network.output)
        error = (shown - batch.target(model)).square().flatten(1).mean(1).clamp_min(1e-10)
        psnr = -10 * error.log10().mean().item()
        yield PhotoStep(step + 1, steps, (step + 1) // per_epoch, loss.item(), psnr)
    model.eval()


class Batch(NamedTuple):
    """Clean squares x (N, 3, H, W), the degraded squares x_in, the conditioning, and where the
    degradation is (`aeviz.degradations`)."""

    x: Tensor
    x_in: Tensor
    conditioning: Tensor
    where: Tensor

    def target(self, model: Restorer) -> Tensor:
        """The target of `model`: the clean squares, or the matte of the mark."""
        return self.where if model.matte else self.x


def draw(photos: Squares, count: int, kind: str, generator: torch.Generator) -> Batch:
    """Squares with this kind of degradation, on the device of `photos` and `generator`."""
    degradation = DEGRADATIONS[kind]
    x = randomly_grey(photos.draw(count, generator), degradation.grey, generator)
    return Batch(x, *degradation.draw(x, generator))


def forward(model: Restorer, batch: Batch, outside: float, precision: str) -> tuple[Tensor, Tensor]:
    """The loss of `model` on a batch, and its output. Errors outside the degraded places are
    multiplied by `outside`."""
    with autocast(batch.x.device, precision):
        x_in = batch.x_in.contiguous(memory_format=torch.channels_last)
        x_hat = model(x_in, batch.conditioning).float()
    if not model.matte:
        x_hat = scale_errors(x_hat, batch.x, batch.where, outside)
    return model.loss(x_hat, batch.target(model)), x_hat


def scale_errors(x_hat: Tensor, x: Tensor, where: Tensor, outside: float) -> Tensor:
    """x_hat (N, 3, H, W) with its errors multiplied by 1 where `where` (N, 1, H, W) is 1, and by
    `outside` where it is 0."""
    return x.lerp(x_hat, where + (1 - where) * outside)


def make_optimizers(
    model: Restorer, training: TrainingConfig
) -> list[tuple[torch.optim.Optimizer, float]]:
    """The optimizers, each with its share of the learning rate.

    Muon updates the weights between feature maps; AdamW the biases and the layers at the pixels.
    """
    outer = [*model.head.parameters(), *model.tail.parameters()]
    inner = [p for p in model.parameters() if p.ndim > 1 and all(p is not q for q in outer)]
    others = [p for p in model.parameters() if all(p is not q for q in inner)]
    if training.optimizer != "muon":
        return [(_adamw([*inner, *others], training), 1.0)]
    muon = Muon(inner, training.lr, weight_decay=training.weight_decay)
    return [(muon, 1.0), (_adamw(others, training), ADAM_SHARE)]


def _adamw(parameters: list[torch.nn.Parameter], training: TrainingConfig) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        parameters, lr=training.lr, betas=(0.9, 0.99), weight_decay=training.weight_decay
    )


def randomly_grey(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """x (N, 3, H, W) with a random share of its images reduced to their luminance, in 256
    levels."""
    chosen = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device) < share
    return torch.where(chosen, (luminance(x) * 255).round() / 255, x)
