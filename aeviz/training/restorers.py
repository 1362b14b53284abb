"""How a restorer learns, to be read from top to bottom: random squares of photographs, damaged anew
each time, and the clean square as what should come out.

An epoch is sixteen squares of every photograph.
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
"""Where Muon learns, of its rate."""


@dataclass(frozen=True)
class PhotoStep:
    """A step that was made; `psnr` in dB is of this batch, with the damage that it drew; where the
    restorer draws a matte, of that."""

    step: int
    steps: int
    epoch: int
    loss: float
    psnr: float


def begin(config: RunConfig, start: Restorer | None, device: torch.device) -> Restorer:
    """A fresh restorer, or one with the weights of `start`, whose network must be the same; but a
    matte may be learnt from a restorer that draws none, and then its last layer is fresh."""
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
                "The model to start from has another network: leave --start."
            ) from error
    return model


def keep_some(model: Restorer, start: Restorer, share: float) -> None:
    """Moves the weights of `model`, which began as `start`'s, by this share of the way back there.

    Of what was learnt anew more stays than of what was forgotten over it is lost (Wortsman et al.
    2022, "Robust fine-tuning of zero-shot models").
    """
    before = start.state_dict()
    for name, weights in model.state_dict().items():
        if weights.shape == before[name].shape:  # a fresh last layer has no start
            weights.lerp_(before[name].to(weights.device), share)


def train(model: Restorer, photos: list[Tensor]) -> Iterator[PhotoStep]:
    """Trains `model` in place on `photos`, each uint8 (3, H, W), yielding after every step.

    Raises UserError where a photograph is smaller than the square, DivergedError where the loss
    is not a number.
    """
    config, training = model.config, model.config.training
    device = next(model.parameters()).device
    outside = DEGRADATIONS[config.corruption.kind].outside
    shown = Squares(photos, training.crop, device)
    chance = torch.Generator(device).manual_seed(training.seed + 1)
    optimizers = make_optimizers(model, training)
    per_epoch = math.ceil(len(photos) * SQUARES / training.batch_size)
    steps = per_epoch * training.epochs
    model.train()
    for step in range(steps):
        for optimizer, share in optimizers:
            optimizer.param_groups[0]["lr"] = share * learning_rate(training, step / steps)
        batch = draw(shown, training.batch_size, config.corruption.kind, chance)
        loss, answer = answered(model, batch, outside, training.precision)
        if not math.isfinite(loss.item()):
            raise DivergedError(f"Training stopped at step {step + 1}: use a smaller training.lr.")
        model.zero_grad(set_to_none=True)
        loss.backward()
        if training.clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)
        for optimizer, _ in optimizers:
            optimizer.step()
        seen = losses.pixels(answer.detach(), config.network.output)
        error = (seen - batch.target(model)).square().flatten(1).mean(1).clamp_min(1e-10)
        psnr = -10 * error.log10().mean().item()
        yield PhotoStep(step + 1, steps, (step + 1) // per_epoch, loss.item(), psnr)
    model.eval()


class Batch(NamedTuple):
    """Clean squares x (N, 3, H, W), and the same damaged, with what is known of the damage and
    where it is (`aeviz.degradations.Damaged`)."""

    x: Tensor
    x_in: Tensor
    known: Tensor
    where: Tensor

    def target(self, model: Restorer) -> Tensor:
        """What `model` should make of it: the clean squares, or the mark's matte."""
        return self.where if model.matte else self.x


def draw(photos: Squares, count: int, kind: str, chance: torch.Generator) -> Batch:
    """Squares that were damaged in this way, on the device of `photos` and `chance`."""
    damage = DEGRADATIONS[kind]
    x = some_grey(photos.draw(count, chance), damage.grey, chance)
    return Batch(x, *damage.draw(x, chance))


def answered(
    model: Restorer, batch: Batch, outside: float, precision: str
) -> tuple[Tensor, Tensor]:
    """The loss of `model` on a batch, and what it made of it; errors outside of what was touched
    count `outside` times."""
    with autocast(batch.x.device, precision):
        x_in = batch.x_in.contiguous(memory_format=torch.channels_last)
        answer = model(x_in, batch.known).float()
    if not model.matte:
        answer = weighed(answer, batch.x, batch.where, outside)
    return model.loss(answer, batch.target(model)), answer


def weighed(x_hat: Tensor, x: Tensor, where: Tensor, outside: float) -> Tensor:
    """x_hat (N, 3, H, W) with its errors times `outside` where `where` (N, 1, H, W) is not 1."""
    return x.lerp(x_hat, where + (1 - where) * outside)


def make_optimizers(
    model: Restorer, training: TrainingConfig
) -> list[tuple[torch.optim.Optimizer, float]]:
    """The optimisers, each with its share of the learning rate.

    Muon turns the weights between feature maps; biases and what touches pixels are left to AdamW.
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


def some_grey(x: Tensor, share: float, chance: torch.Generator) -> Tensor:
    """x (N, 3, H, W) with this share of its pictures reduced to their luminance, in 256 levels."""
    chosen = torch.rand(len(x), 1, 1, 1, generator=chance, device=x.device) < share
    return torch.where(chosen, (luminance(x) * 255).round() / 255, x)
