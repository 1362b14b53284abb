"""How a restorer learns, to be read from top to bottom: random squares of photographs, damaged anew
each time, and the clean square as what should come out.

An epoch is sixteen squares of every photograph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from aeviz.config import RunConfig, TrainingConfig
from aeviz.damage import DAMAGES
from aeviz.damage.pixels import luminance
from aeviz.device import autocast
from aeviz.errors import UserError
from aeviz.nn import losses
from aeviz.nn.restorer import Restorer
from aeviz.training.guard import DivergedError
from aeviz.training.muon import Muon
from aeviz.training.schedules import learning_rate

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
    check_sides(photos, training.crop)
    device = next(model.parameters()).device
    damage = DAMAGES[config.corruption.kind]
    chance = torch.Generator().manual_seed(training.seed + 1)
    optimizers = make_optimizers(model, training)
    per_epoch = math.ceil(len(photos) * SQUARES / training.batch_size)
    steps = per_epoch * training.epochs
    model.train()
    for step in range(steps):
        for optimizer, share in optimizers:
            optimizer.param_groups[0]["lr"] = share * learning_rate(training, step / steps)
        x = squares(photos, training.batch_size, training.crop, chance)
        x = some_grey(x, damage.grey, chance)
        damaged = damage.draw(x, chance)
        x, x_in, known, where = (part.to(device) for part in (x, *damaged))
        with autocast(device, training.precision):
            answer = model(x_in.contiguous(memory_format=torch.channels_last), known).float()
        target = where if model.matte else x
        answer = answer if model.matte else weighed(answer, x, where, damage.outside)
        loss = model.loss(answer, target)
        if not math.isfinite(loss.item()):
            raise DivergedError(f"Training stopped at step {step + 1}: use a smaller training.lr.")
        model.zero_grad(set_to_none=True)
        loss.backward()
        if training.clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)
        for optimizer, _ in optimizers:
            optimizer.step()
        shown = losses.pixels(answer.detach(), config.network.output)
        error = (shown - target).square().flatten(1).mean(1).clamp_min(1e-10)
        psnr = -10 * error.log10().mean().item()
        yield PhotoStep(step + 1, steps, (step + 1) // per_epoch, loss.item(), psnr)
    model.eval()


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


def check_sides(photos: list[Tensor], crop: int) -> None:
    """UserError unless a square of `crop` pixels fits into each photograph."""
    least = min(min(photo.shape[1:]) for photo in photos)
    if least < crop:
        raise UserError(
            f"The smallest photograph has only {least} pixels on a side: set training.crop lower."
        )


def squares(photos: list[Tensor], count: int, side: int, chance: torch.Generator) -> Tensor:
    """Random squares of random photographs, turned and mirrored: (count, 3, side, side)."""
    out = torch.empty(count, 3, side, side)
    for place in out:
        which, top, left, turn = torch.rand(4, generator=chance).tolist()
        photo = photos[int(which * len(photos))]
        y, x = (
            int(part * (size - side + 1))
            for part, size in zip((top, left), photo.shape[1:], strict=True)
        )
        square = photo[:, y : y + side, x : x + side]
        square = torch.rot90(square, int(turn * 4), (1, 2))
        place.copy_(square.flip(2) if int(turn * 8) % 2 else square)
    return out / 255


def some_grey(x: Tensor, share: float, chance: torch.Generator) -> Tensor:
    """x (N, 3, H, W) with this share of its pictures reduced to their luminance, in 256 levels."""
    chosen = torch.rand(len(x), 1, 1, 1, generator=chance) < share
    return torch.where(chosen, (luminance(x) * 255).round() / 255, x)
