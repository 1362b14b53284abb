"""Run a restorer on degraded images, and evaluate it on held-out photographs.

For evaluation, a photograph is degraded at fixed strengths with fixed seeds, restored whole, and
rounded to 8 bits as in a file. `figures(clean, degraded, restored)` gives the scores, for
restorers and baselines alike.
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
    """One degradation at one strength, on colour photographs or on their luminance."""

    damage: str
    amount: float
    grey: bool = False

    @property
    def name(self) -> str:
        """Its name on a card: "noise 25 grey"."""
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
"""Degradation -> the cases on which it is evaluated."""


_NEUTRAL, _COLOURED = 0.04, 0.1
"""Within the first distance from black or white (of 1) there is no guessed colour, beyond the
second all of it."""
_VIEWS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x,
    lambda x: x.flip(2, 3).transpose(2, 3),
    lambda x: x.flip(2, 3),
    lambda x: x.transpose(2, 3),
)
"""Views of an image (N, C, H, W) for self-ensemble (EDSR, Lim et al. 2017). Each is its own
inverse, and the first two, like all four, form a group. The second, in which rows become columns,
differs most from the first: for denoising it gains 0.11 dB, a mirror image 0.08."""


def degraded(case: RestorationCase, photos: list[Tensor]) -> Iterator[tuple[Tensor, Degraded]]:
    """Each photograph (3, H, W) uint8 -> the clean x (1, 3, H, W) in [0, 1] and the degraded one.

    The seed is the photograph's index in the list. Before downscaling, photographs are cropped to
    multiples of the scale, as is usual.
    """
    scale = int(case.amount) if case.damage in ("x2", "x4") else 1
    for seed, photo in enumerate(photos):
        height, width = (side - side % scale for side in photo.shape[-2:])
        x = photo[None, :, :height, :width].float() / 255
        if case.grey:
            x = ((luminance(x) * 255).round() / 255).expand(-1, 3, -1, -1)
        generator = torch.Generator().manual_seed(seed)
        yield x, DEGRADATIONS[case.damage].at(x, case.amount, generator)


@torch.inference_mode()
def restore_8bit(
    model: Restorer, damage: Degraded, precision: str = "auto", vividness: float = 1.0
) -> Tensor:
    """The restored photograph (1, 3, H, W), rounded to 8 bits.

    The model gets the mask of holes, and the noise level estimated from the image, never the true
    one. Guessed colours are multiplied by `vividness`.
    """
    device = next(model.parameters()).device
    conditioning = damage.conditioning
    if model.config.corruption.kind == "noise":
        pixels = (damage.x[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        conditioning = torch.full_like(conditioning, noise_level_for(estimate_noise(pixels)) / 255)
    x_hat = restore(model, damage.x.to(device), conditioning.to(device), precision, vividness).cpu()
    return (x_hat * 255).round() / 255


def restore(
    model: Restorer,
    x: Tensor,
    conditioning: Tensor,
    precision: str = "auto",
    vividness: float = 1.0,
) -> Tensor:
    """Restore degraded images x (N, 3, H, W) of any size, given their conditioning
    (`Restorer.forward`), both on the model's device. The result is in [0, 1].

    Pixels outside holes stay as they are, and so does the luminance when colouring; guessed colours
    are multiplied by `vividness`.
    """
    kind = model.config.corruption.kind
    x_hat = predict(model, x, conditioning, precision)
    if model.matte:
        return unblended(x, x_hat)
    if kind == "holes":
        return torch.where(conditioning > 0, x_hat, x)
    return recoloured(x, x_hat, vividness) if kind == "grey" else x_hat


def predict(model: Restorer, x: Tensor, conditioning: Tensor, precision: str = "auto") -> Tensor:
    """The network's output for x (N, 3, H, W), an image or a matte in [0, 1]: the mean over the
    views of its degradation (self-ensemble)."""
    views = _VIEWS[: DEGRADATIONS[model.config.corruption.kind].views]
    mean = x.new_zeros(())
    with autocast(x.device, precision):
        for view in views:
            x_view = view(x).contiguous(memory_format=torch.channels_last)
            mean = mean + view(model.restore(x_view, view(conditioning))) / len(views)
    return mean


def recoloured(x: Tensor, x_hat: Tensor, vividness: float = 1.0) -> Tensor:
    """The luminance of x with the colour of x_hat, times `vividness`; (N, 3, H, W) in [0, 1].

    The colour fades towards black and white, which are neutral.
    """
    y, colour = luminance(x), x_hat - luminance(x_hat)
    fade = ((torch.minimum(y, 1 - y) - _NEUTRAL) / (_COLOURED - _NEUTRAL)).clamp(0, 1)
    return (y + vividness * fade * colour).clamp(0, 1)


def measure(
    case: RestorationCase, photos: list[Tensor], restore: Callable[[Tensor, Degraded], Tensor]
) -> Figures:
    """Mean `figures` over the photographs of `restore(x_clean, degraded)`; a perfect image counts
    as 100 dB. The clean image is there for other tools that need the true noise level."""
    rows = []
    for x, damage in degraded(case, photos):
        rows.append(figures(case.damage, x, damage, restore(x, damage)))
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def figures(damage: str, x: Tensor, given: Degraded, x_hat: Tensor) -> Figures:
    """The scores of one restored photograph, in dB except `ssim...`, `worse`, `correlation` and
    `chroma`.

    - Always: psnr and ssim, before and after.
    - Degradations of a part (watermark, holes): psnr inside and outside.
    - Watermark, which has to be found: worse, 1 if the whole photograph got worse, else 0.
    - Enlarging: psnr and ssim of the luminance, without a border as wide as the scale (as usual).
    - Colouring: psnr and ssim of the chroma channels; `psnr_tint`, the psnr of the best constant
      colour; `correlation` with the true channels; `chroma`, the mean chroma relative to the true
      one.
    """
    if damage in ("x2", "x4"):
        edge = int(damage[1:])
        parts = (luminance(part)[..., edge:-edge, edge:-edge] for part in (x, given.x, x_hat))
        x, before, x_hat = parts
    elif damage == "grey":
        x, before, x_hat = (chroma(part) for part in (x, given.x, x_hat))
    else:
        before = given.x
    found: Figures = {
        "psnr_before": _psnr(x, before),
        "psnr": _psnr(x, x_hat),
        "ssim_before": ssim(x, before).item(),
        "ssim": ssim(x, x_hat).item(),
    }
    if damage in ("watermark", "holes"):
        inside = given.where.bool().expand_as(x)
        found["inside_before"] = _psnr(x[inside], before[inside])
        found["inside"] = _psnr(x[inside], x_hat[inside])
        found["outside"] = _psnr(x[~inside], x_hat[~inside])
    if damage == "watermark":
        found["worse"] = float(found["psnr"] < found["psnr_before"])
    if damage == "grey":
        tint = x.mean((2, 3), keepdim=True).expand_as(x)
        found["psnr_tint"] = _psnr(x, tint)
        found["correlation"] = correlation(x, x_hat)
        found["chroma"] = (_length(x_hat) / _length(x).clamp_min(1e-6)).item()
    return found


def chroma(x: Tensor) -> Tensor:
    """Cb and Cr of x (N, 3, H, W), ITU-R BT.601, 0 for grey: (N, 2, H, W)."""
    y = luminance(x)
    return torch.cat([(x[:, 2:] - y) / 1.772, (x[:, :1] - y) / 1.402], 1)


def correlation(x: Tensor, x_hat: Tensor) -> float:
    """Pearson's correlation, averaged over the channels of (1, C, H, W); 0 for a constant
    channel."""
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
    """The factor, 1 to 1.8, that raises the mean chroma of guessed colours to 0.55 of the true one.

    A network learns the colours with the smallest mean error, and these are pale. With a factor k
    below 2 the error still stays below that of grey: E|c - k p|^2 = E|c|^2 - (2 k - k^2) E|p|^2,
    where p = E[c | x].
    """
    case = RESTORATION_CASES["grey"][0]
    found = measure(case, photos, lambda x, damage: restore_8bit(model, damage))["chroma"]
    return round(min(max(0.55 / max(found, 1e-6), 1.0), 1.8), 3)


def card_figures(model: Restorer, photos: list[Tensor], vividness: float = 1.0) -> dict[str, Any]:
    """The figures of every case of the model's degradation: {"noise 25 grey": {"psnr": ...}}."""
    return {
        case.name: {
            key: round(value, 4)
            for key, value in measure(
                case, photos, lambda x, damage: restore_8bit(model, damage, vividness=vividness)
            ).items()
        }
        for case in RESTORATION_CASES[model.config.corruption.kind]
    }
