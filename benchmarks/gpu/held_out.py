"""The quality of a restorer on held-out photographs, in a fraction of a second.

The full metrics (`aeviz.restoration.inference`) take minutes; they decide in the end which models
are adopted. These scores say during training whether weights are better than earlier ones. They
are also in decibels, but on fewer photographs and without self-ensemble.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from aeviz.degradations import DEGRADATIONS
from aeviz.degradations.pixels import luminance
from aeviz.device import autocast
from aeviz.nn.unet import Restorer
from aeviz.restoration.inference import RestorationCase, chroma, recoloured
from aeviz.restoration.noise_level import estimate_noise, noise_level_for

TRIALS: dict[str, tuple[RestorationCase, ...]] = {
    "noise": (
        RestorationCase("noise", 25, True),
        RestorationCase("noise", 50, True),
        RestorationCase("noise", 25),
    ),
    "impulse": (RestorationCase("impulse", 30),),
    "watermark": (RestorationCase("watermark", 50),),
    "holes": (RestorationCase("holes", 14), RestorationCase("holes", 24)),
    "x2": (RestorationCase("x2", 2),),
    "x4": (RestorationCase("x4", 4),),
    "jpeg": (RestorationCase("jpeg", 10), RestorationCase("jpeg", 40)),
    "grey": (RestorationCase("grey", 0),),
}
_MULTIPLE = 8
_AT_ONCE = 16


class Case(NamedTuple):
    """Photographs of one size under one degradation: x, x_in (N, 3, H, W), known and where
    (N, 1, H, W)."""

    trial: RestorationCase
    x: Tensor
    x_in: Tensor
    known: Tensor
    where: Tensor


def cases(kind: str, photos: list[Tensor], device: torch.device) -> list[Case]:
    """The trials of this degradation on these photographs (3, H, W), cropped to one size."""
    whole = _alike(photos)
    return [_case(trial, whole, device) for trial in TRIALS[kind]]


def _alike(photos: list[Tensor]) -> Tensor:
    """All photographs in landscape format, centre-cropped to the smallest size: (N, 3, H, W) in
    [0, 1]."""
    lying = [p if p.shape[1] <= p.shape[2] else p.transpose(1, 2) for p in photos]
    height, width = (min(p.shape[side] for p in lying) // _MULTIPLE * _MULTIPLE for side in (1, 2))
    cut = []
    for photo in lying:
        top, left = (photo.shape[1] - height) // 2, (photo.shape[2] - width) // 2
        cut.append(photo[:, top : top + height, left : left + width])
    return torch.stack(cut).float() / 255


def _case(trial: RestorationCase, x: Tensor, device: torch.device) -> Case:
    if trial.grey:
        x = ((luminance(x) * 255).round() / 255).expand(-1, 3, -1, -1)
    damage = DEGRADATIONS[trial.damage]
    given = [
        damage.at(one[None], trial.amount, torch.Generator().manual_seed(seed))
        for seed, one in enumerate(x)
    ]
    x_in, known, where = (torch.cat(parts) for parts in zip(*given, strict=True))
    if trial.damage == "noise":
        known = known + torch.tensor([_known_noise(one) for one in x_in]).view(-1, 1, 1, 1)
    return Case(trial, *(part.contiguous().to(device) for part in (x, x_in, known, where)))


def _known_noise(x: Tensor) -> float:
    """The estimated noise level of x (3, H, W), the input of a denoiser, on the scale of 1."""
    pixels = (x * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return noise_level_for(estimate_noise(pixels)) / 255


@torch.no_grad()
def score(model: Restorer, some: list[Case], precision: str = "auto") -> float:
    """The mean PSNR in dB over photographs and trials: inside holes, of the luminance after
    upscaling, of the chroma after colouring, of the matte if the network predicts one.
    """
    found = torch.stack([_psnr(model, case, precision).mean() for case in some])
    return found.mean().item()


def _psnr(model: Restorer, case: Case, precision: str) -> Tensor:
    parts = []
    with autocast(case.x.device, precision):
        for x_in, known in zip(case.x_in.split(_AT_ONCE), case.known.split(_AT_ONCE), strict=True):
            x_in = x_in.contiguous(memory_format=torch.channels_last)
            parts.append(model.restore(x_in, known))
    error, counted = _error(model, case, torch.cat(parts))
    mean = (error * counted).sum((1, 2, 3)) / counted.expand_as(error).sum((1, 2, 3)).clamp_min(1)
    return -10 * mean.clamp_min(1e-10).log10()


def _error(model: Restorer, case: Case, x_hat: Tensor) -> tuple[Tensor, Tensor]:
    """Squared errors (N, C, h, w), and the weights of the pixels (N, 1, h, w)."""
    kind = case.trial.damage
    if model.matte:
        error = (x_hat - case.where).square()
    elif kind in ("x2", "x4"):
        edge = int(kind[1:])
        error = (luminance(x_hat) - luminance(case.x)).square()[..., edge:-edge, edge:-edge]
    elif kind == "grey":
        error = (chroma(recoloured(case.x_in, x_hat)) - chroma(case.x)).square()
    else:
        error = (x_hat - case.x).square()
    if kind == "holes":
        return error, (case.where > 0).float()
    return error, torch.ones_like(error[:, :1])
