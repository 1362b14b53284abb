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

from aeviz.config import RunConfig
from aeviz.damage import DAMAGES
from aeviz.damage.pixels import luminance
from aeviz.device import autocast
from aeviz.errors import UserError
from aeviz.nn.restorer import Restorer
from aeviz.training.loop import DivergedError, set_learning_rate

SQUARES = 16


@dataclass(frozen=True)
class PhotoStep:
    """A step that was made; `psnr` in dB is of this batch, with the damage that it drew."""

    step: int
    steps: int
    epoch: int
    loss: float
    psnr: float


def begin(config: RunConfig, start: Restorer | None, device: torch.device) -> Restorer:
    """A fresh restorer, or one with the weights of `start`, whose network must be the same."""
    model = Restorer(config).to(device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        try:
            model.load_state_dict(start.state_dict())
        except RuntimeError as error:
            raise UserError(
                "The model to start from has another network: leave --start."
            ) from error
    return model


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
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.lr, weight_decay=training.weight_decay,
        betas=(0.9, 0.99), fused=device.type in ("cpu", "cuda"),
    )  # fmt: skip
    per_epoch = math.ceil(len(photos) * SQUARES / training.batch_size)
    steps = per_epoch * training.epochs
    model.train()
    for step in range(steps):
        set_learning_rate(optimizer, training, step / steps)
        x = squares(photos, training.batch_size, training.crop, chance)
        x = some_grey(x, damage.grey, chance)
        damaged = damage.draw(x, chance)
        x, x_in, known = (part.to(device) for part in (x, damaged.x, damaged.known))
        with autocast(device, training.precision):
            x_hat = model(x_in.contiguous(memory_format=torch.channels_last), known).float()
        if damage.name == "holes":
            x_hat = torch.where(known > 0, x_hat, x)  # outside the holes nothing is asked
        loss = model.loss(x_hat, x)
        if not math.isfinite(loss.item()):
            raise DivergedError(f"Training stopped at step {step + 1}: use a smaller training.lr.")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if training.clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)
        optimizer.step()
        error = (x_hat.detach() - x).square().flatten(1).mean(1).clamp_min(1e-10)
        psnr = -10 * error.log10().mean().item()
        yield PhotoStep(step + 1, steps, (step + 1) // per_epoch, loss.item(), psnr)
    model.eval()


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
