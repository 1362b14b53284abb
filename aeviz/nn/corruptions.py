"""Corruptions: f(x, amount, generator) -> a corrupted copy of x.

x is (N, C, H, W) in [0, 1] and so is the result. `amount` is a number or one per image, (N, 1, 1,
1), in [0, 1]. The generator is explicit and lives on x's device.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from aeviz.config import CorruptionConfig

Amount = float | Tensor


def gaussian(x: Tensor, amount: Amount, generator: torch.Generator) -> Tensor:
    """x + amount * N(0, 1) per channel, clipped to [0, 1]; amount is the standard deviation."""
    noise = torch.empty_like(x).normal_(generator=generator)
    return (x + amount * noise).clamp(0, 1)


def salt_and_pepper(x: Tensor, amount: Amount, generator: torch.Generator) -> Tensor:
    """A share `amount` of pixels becomes black or white, half each; all channels together."""
    u = _uniform_pixels(x, generator)
    noisy = torch.where(u < amount / 2, torch.zeros_like(x), x)
    return torch.where(u > 1 - amount / 2, torch.ones_like(x), noisy)


def masking(x: Tensor, amount: Amount, generator: torch.Generator) -> Tensor:
    """A share `amount` of pixels is set to 0 (Vincent et al. 2010), all channels together."""
    return torch.where(_uniform_pixels(x, generator) < amount, torch.zeros_like(x), x)


def mixed(x: Tensor, amount: Amount, generator: torch.Generator) -> Tensor:
    """Each image gets one of the three, half of them at full `amount`, half at a random part of
    it."""
    n = (x.shape[0], 1, 1, 1)
    kind = torch.empty(n, device=x.device).uniform_(generator=generator)
    share = torch.empty(n, device=x.device).uniform_(0, 2, generator=generator).clamp(max=1)
    amounts = amount * share
    noisy = torch.where(kind < 0.25, salt_and_pepper(x, amounts, generator), x)
    noisy = torch.where(kind > 0.75, masking(x, amounts, generator), noisy)
    return torch.where((kind - 0.5).abs() <= 0.25, gaussian(x, amounts, generator), noisy)


def _uniform_pixels(x: Tensor, generator: torch.Generator) -> Tensor:
    n, _, h, w = x.shape
    return torch.empty(n, 1, h, w, device=x.device).uniform_(generator=generator)


CORRUPTIONS: dict[str, Callable[[Tensor, Amount, torch.Generator], Tensor]] = {
    "gaussian": gaussian,
    "salt-and-pepper": salt_and_pepper,
    "masking": masking,
    "mixed": mixed,
}


def corrupt(x: Tensor, config: CorruptionConfig, generator: torch.Generator) -> Tensor:
    """x corrupted as configured; x itself if the kind is none."""
    if config.kind == "none":
        return x
    return CORRUPTIONS[config.kind](x, config.amount, generator)
