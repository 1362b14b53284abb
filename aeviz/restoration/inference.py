"""What a restorer is worth: the measures of each damage, on photographs that it never saw.

A photograph is damaged at fixed amounts with fixed seeds, restored whole, and rounded to 8 bits as
a file would be. One function of (clean, damaged, restored) per damage gives the figures; whatever
else restores pictures is measured by the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from aeviz.degradations import DEGRADATIONS, Degraded
from aeviz.degradations.pixels import luminance
from aeviz.device import autocast
from aeviz.evaluation.metrics import PSNR_CAP, psnr, ssim
from aeviz.nn.unet import Restorer
from aeviz.restoration.noise_level import estimate_noise, noise_level_for
from aeviz.restoration.watermark.estimate import unblended

Figures = dict[str, float]


class RestorationCase(NamedTuple):
    """One damage at one amount, on colour photographs or on their luminance."""

    damage: str
    amount: float
    grey: bool = False

    @property
    def name(self) -> str:
        """As it stands on a card: "noise 25 grey"."""
        return f"{self.damage} {self.amount:g}{' grey' if self.grey else ''}"


RESTORATION_CASES: dict[str, tuple[RestorationCase, ...]] = {
    "noise": (
        *(
            RestorationCase("noise", sigma, grey)
            for grey in (True, False)
            for sigma in (15, 25, 50)
        ),
        RestorationCase("noise", 0, True),
        RestorationCase("noise", 0),
    ),
    "impulse": (
        RestorationCase("impulse", 10),
        RestorationCase("impulse", 30),
        RestorationCase("impulse", 50),
    ),
    "watermark": (
        RestorationCase("watermark", 30),
        RestorationCase("watermark", 50),
        RestorationCase("watermark", 70),
    ),
    "holes": (
        RestorationCase("holes", 6),
        RestorationCase("holes", 14),
        RestorationCase("holes", 24),
    ),
    "x2": (RestorationCase("x2", 2),),
    "x4": (RestorationCase("x4", 4),),
    "jpeg": (RestorationCase("jpeg", 10), RestorationCase("jpeg", 20), RestorationCase("jpeg", 40)),
    "grey": (RestorationCase("grey", 0),),
}
"""Damage -> what it is measured at."""


_NEUTRAL, _COLOURED = 0.04, 0.1
"""How far from black or white, of 1, there is no guessed colour, and from where on it is whole."""
_TURNS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x,
    lambda x: x.flip(2, 3).transpose(2, 3),
    lambda x: x.flip(2, 3),
    lambda x: x.transpose(2, 3),
)
"""Views of a picture (N, C, H, W): each undoes itself, and the first two or all four together make
each other. The second, in which rows become columns, differs most from the first: on denoising it
is worth 0.11 dB, where a mirror image is worth 0.08."""


def damaged(trial: RestorationCase, photos: list[Tensor]) -> Iterator[tuple[Tensor, Degraded]]:
    """Each photograph (3, H, W) uint8 -> the clean x (1, 3, H, W) in [0, 1] and the damaged one.

    The seed is the photograph's place in the list, whatever restores it. Of photographs that are
    made smaller, rows and columns beyond a multiple of the scale are left out, as is usual.
    """
    scale = int(trial.amount) if trial.damage in ("x2", "x4") else 1
    for seed, photo in enumerate(photos):
        height, width = (side - side % scale for side in photo.shape[-2:])
        x = photo[None, :, :height, :width].float() / 255
        if trial.grey:
            x = ((luminance(x) * 255).round() / 255).expand(-1, 3, -1, -1)
        chance = torch.Generator().manual_seed(seed)
        yield x, DEGRADATIONS[trial.damage].at(x, trial.amount, chance)


@torch.inference_mode()
def restore_8bit(
    model: Restorer, damage: Degraded, precision: str = "auto", vividness: float = 1.0
) -> Tensor:
    """The photograph (1, 3, H, W) that `model` makes of the damaged one, rounded to 8 bits.

    It is told where holes are, and the noise that is found in the picture, never the true amount.
    Guessed colours are multiplied by `vividness`.
    """
    device = next(model.parameters()).device
    known = damage.known
    if model.config.corruption.kind == "noise":
        pixels = (damage.x[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        known = torch.full_like(known, noise_level_for(estimate_noise(pixels)) / 255)
    x_hat = restore(model, damage.x.to(device), known.to(device), precision, vividness).cpu()
    return (x_hat * 255).round() / 255


def restore(
    model: Restorer, x: Tensor, known: Tensor, precision: str = "auto", vividness: float = 1.0
) -> Tensor:
    """What `model` makes of damaged pictures x (N, 3, H, W) and of what is known of their damage,
    both on its device (`Restorer.forward`): of any size, in [0, 1].

    Pixels outside holes and the luminance of what is coloured stay as they are; guessed colours
    are multiplied by `vividness`.
    """
    kind = model.config.corruption.kind
    x_hat = predict(model, x, known, precision)
    if model.matte:
        return unblended(x, x_hat)
    if kind == "holes":
        return torch.where(known > 0, x_hat, x)
    return recoloured(x, x_hat, vividness) if kind == "grey" else x_hat


def predict(model: Restorer, x: Tensor, known: Tensor, precision: str = "auto") -> Tensor:
    """What the network itself makes of x (N, 3, H, W), a picture or a matte in [0, 1]: the mean
    over as many views of it as its damage is looked at from."""
    turns = _TURNS[: DEGRADATIONS[model.config.corruption.kind].views]
    answer = x.new_zeros(())
    with autocast(x.device, precision):
        for turn in turns:
            seen = turn(x).contiguous(memory_format=torch.channels_last)
            answer = answer + turn(model.restore(seen, turn(known))) / len(turns)
    return answer


def recoloured(x: Tensor, x_hat: Tensor, vividness: float = 1.0) -> Tensor:
    """The luminance of x with the colour of x_hat, times `vividness`; (N, 3, H, W) in [0, 1].

    Towards black and white the colour fades: those are neutral.
    """
    y, colour = luminance(x), x_hat - luminance(x_hat)
    fade = ((torch.minimum(y, 1 - y) - _NEUTRAL) / (_COLOURED - _NEUTRAL)).clamp(0, 1)
    return (y + vividness * fade * colour).clamp(0, 1)


def measure(
    trial: RestorationCase, photos: list[Tensor], restore: Callable[[Tensor, Degraded], Tensor]
) -> Figures:
    """Means over the photographs of the figures of what `restore(x_clean, damaged)` answers; a
    perfect picture counts for 100 dB. The clean one is for peers that are told its noise."""
    rows = []
    for x, damage in damaged(trial, photos):
        rows.append(figures(trial.damage, x, damage, restore(x, damage)))
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def figures(damage: str, x: Tensor, given: Degraded, x_hat: Tensor) -> Figures:
    """What is told of one restored photograph, all in dB but `ssim...`, `worse` and `chroma`.

    For all: psnr and ssim, before and after. Where a part is touched (watermark, holes): psnr
    inside and outside. Where it has to be found (watermark): worse, 1 if the whole came out worse
    than it was, else 0. Enlarged: of the luminance, without a border as wide as the scale (as is
    usual). Coloured: of the chroma channels; `psnr_tint`, of the best constant colour; how well
    both channels go with the truth's (`correlation`); and the mean chroma as a share of its.
    """
    if damage in ("x2", "x4"):
        edge = int(damage[1:])
        parts = (luminance(part)[..., edge:-edge, edge:-edge] for part in (x, given.x, x_hat))
        x, before, x_hat = parts
    elif damage == "grey":
        x, before, x_hat = (chroma(part) for part in (x, given.x, x_hat))
    else:
        before = given.x
    told: Figures = {
        "psnr_before": _psnr(x, before),
        "psnr": _psnr(x, x_hat),
        "ssim_before": ssim(x, before).item(),
        "ssim": ssim(x, x_hat).item(),
    }
    if damage in ("watermark", "holes"):
        inside = given.where.bool().expand_as(x)
        told["inside_before"] = _psnr(x[inside], before[inside])
        told["inside"] = _psnr(x[inside], x_hat[inside])
        told["outside"] = _psnr(x[~inside], x_hat[~inside])
    if damage == "watermark":
        told["worse"] = float(told["psnr"] < told["psnr_before"])
    if damage == "grey":
        tint = x.mean((2, 3), keepdim=True).expand_as(x)
        told["psnr_tint"] = _psnr(x, tint)
        told["correlation"] = correlation(x, x_hat)
        told["chroma"] = (_length(x_hat) / _length(x).clamp_min(1e-6)).item()
    return told


def chroma(x: Tensor) -> Tensor:
    """Cb and Cr of x (N, 3, H, W), ITU-R BT.601, 0 where there is no colour: (N, 2, H, W)."""
    y = luminance(x)
    return torch.cat([(x[:, 2:] - y) / 1.772, (x[:, :1] - y) / 1.402], 1)


def correlation(x: Tensor, x_hat: Tensor) -> float:
    """Pearson's, the mean over the channels of (1, C, H, W); 0 in a channel that is constant."""
    a, b = (part[0].flatten(1).double() for part in (x, x_hat))
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    size = a.norm(dim=1) * b.norm(dim=1)
    return torch.where(size > 1e-6, (a * b).sum(1) / size.clamp_min(1e-6), 0).mean().item()


def _length(chroma: Tensor) -> Tensor:
    return chroma.square().sum(1).sqrt().mean()


def _psnr(x: Tensor, x_hat: Tensor) -> float:
    if not x.numel():
        return PSNR_CAP
    return min(psnr(x.reshape(1, -1, 1, 1), x_hat.reshape(1, -1, 1, 1)).item(), PSNR_CAP)


def vividness(model: Restorer, photos: list[Tensor]) -> float:
    """The factor, 1 to 1.8, that brings the mean chroma of guessed colours to 0.55 of the truth's.

    The colours that are least wrong on average, which is what a network learns, are pale. Below 2
    the factor still leaves an error smaller than that of grey: E|c - k p|^2 = E|c|^2 - (2 k - k^2)
    E|p|^2 where p = E[c | x].
    """
    trial = RESTORATION_CASES["grey"][0]
    found = measure(trial, photos, lambda x, damage: restore_8bit(model, damage))["chroma"]
    return round(min(max(0.55 / max(found, 1e-6), 1.0), 1.8), 3)


def card_figures(model: Restorer, photos: list[Tensor], vividness: float = 1.0) -> dict[str, Any]:
    """The figures of every trial of the model's damage: {"noise 25 grey": {"psnr": ...}}."""
    return {
        trial.name: {
            key: round(value, 4)
            for key, value in measure(
                trial, photos, lambda x, damage: restore_8bit(model, damage, vividness=vividness)
            ).items()
        }
        for trial in RESTORATION_CASES[model.config.corruption.kind]
    }
