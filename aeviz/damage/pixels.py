"""Damages of pixel values. All take x (N, 3, H, W) in [0, 1] and amounts (N,)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.images import through_jpeg

Result = tuple[Tensor, Tensor | None, Tensor | None]
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luminance Y (ITU-R BT.601)."""


def noise(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """Gaussian noise of standard deviation amount / 255; a grey picture stays grey."""
    return x + _per_image(amount / 255) * _white(x, generator), None, None


def any_noise(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `noise`, but every eighth picture gets noise that neighbours share, as cameras and
    scanners leave it, and every eighth has then been a JPEG file, as most photographs have.

    For most it is made known how strong the noise is to who looks at neighbours, as roughly as
    `aeviz.evaluation.noise` can tell.
    """
    u = torch.rand(4, len(x), 1, 1, 1, generator=generator)
    rough = 1 + 0.04 * torch.randn(len(x), 1, 1, 1, generator=generator)
    white = _white(x, generator)
    shared = _unit(_blurred(white, generator))
    x_in = x + _per_image(amount / 255) * torch.where(u[1] < 1 / 8, shared, white)
    for i in (u[1].flatten() > 7 / 8).nonzero().flatten().tolist():
        quality, shift = int(70 + 28 * u[2, i].item()), int(8 * u[3, i].item())
        uncut = F.pad(x_in[i].clamp(0, 1), (shift, 0, shift, 0), mode="replicate")
        x_in[i] = _through_jpeg(uncut, quality)[:, shift:, shift:]
    known = torch.where(u[0] < 0.7, rough * _looks(x_in - x), 0.0)
    return x_in, known.expand(-1, 1, *x.shape[2:]), None


def _looks(noise: Tensor) -> Tensor:
    """The standard deviation of (N, C, H, W) as second differences tell it: (N, 1, 1, 1)."""
    return noise.diff(2, dim=2).diff(2, dim=3).square().mean((1, 2, 3), keepdim=True).sqrt() / 6


def salt_and_pepper(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """A share of amount % of the pixels becomes black or white, half each, all channels alike."""
    u = torch.rand(len(x), 1, *x.shape[2:], generator=generator)
    x_in, hit = _struck(x, u, _per_image(amount / 100))
    return x_in, None, hit


def any_impulse(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `salt_and_pepper` for most pictures; for others channel by channel, or missing pixels of
    one value."""
    share = _per_image(amount / 100)
    u = torch.rand(x.shape, generator=generator)
    kind = torch.rand(len(x), 1, 1, 1, generator=generator)
    value = torch.rand(len(x), 1, 1, 1, generator=generator)
    value = torch.where(kind < 0.2, torch.zeros_like(value), value)
    x_in, hit = _struck(x, torch.where(kind < 0.8, u[:, :1], u), share)
    missing = u[:, :1] < share
    x_in = torch.where(kind < 0.3, torch.where(missing, value, x), x_in)
    return x_in, None, torch.where(kind < 0.3, missing.float(), hit)


def _struck(x: Tensor, u: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """x with black where u < share / 2 and white where u > 1 - share / 2, and where that is."""
    x_in = torch.where(u < share / 2, torch.zeros_like(x), x)
    x_in = torch.where(u > 1 - share / 2, torch.ones_like(x), x_in)
    hit = ((u < share / 2) | (u > 1 - share / 2)).any(1, keepdim=True)
    return x_in, hit.float()


def shrink(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """Made smaller by `amount` (one whole number for all), rounded to 8 bits, and enlarged again:
    both bicubic with a = -0.5, as MATLAB's imresize."""
    del generator
    scale = int(amount[0].item())
    h, w = x.shape[-2:]
    small = F.interpolate(
        x, (-(-h // scale), -(-w // scale)), mode="bicubic", antialias=True, align_corners=False
    )
    small = (small.clamp(0, 1) * 255).round() / 255
    large = F.interpolate(small, (h, w), mode="bicubic", antialias=True, align_corners=False)
    return large, None, None


def jpeg(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """Through a JPEG file of quality `amount`, its colour at half resolution as is usual."""
    del generator
    out = [
        _through_jpeg(one, round(quality)) for one, quality in zip(x, amount.tolist(), strict=True)
    ]
    return torch.stack(out), None, None


def _through_jpeg(x: Tensor, quality: int) -> Tensor:
    pixels = (x.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    return torch.from_numpy(through_jpeg(pixels, quality)).permute(2, 0, 1).float() / 255


def grey(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """The luminance alone, in all three channels."""
    del amount, generator
    return luminance(x).expand(-1, 3, -1, -1), None, None


def luminance(x: Tensor) -> Tensor:
    """Y of x (N, 3, H, W): (N, 1, H, W)."""
    return (x * torch.tensor(LUMA, device=x.device).view(1, 3, 1, 1)).sum(1, keepdim=True)


def _white(x: Tensor, generator: torch.Generator) -> Tensor:
    """N(0, 1) for each value; where a picture is grey, the same in its three channels."""
    white = torch.empty_like(x).normal_(generator=generator)
    is_grey = (x[:, :1] == x).flatten(1).all(1).view(-1, 1, 1, 1)
    return torch.where(is_grey, white[:, :1], white)


def _blurred(white: Tensor, generator: torch.Generator) -> Tensor:
    width = 0.4 + 0.8 * torch.rand((), generator=generator).item()
    taps = torch.exp(-0.5 * (torch.arange(-3, 4) / width) ** 2)
    n, c, h, w = white.shape
    flat = white.reshape(n * c, 1, h, w)
    flat = F.conv2d(flat, taps.view(1, 1, 1, -1), padding=(0, 3))
    return F.conv2d(flat, taps.view(1, 1, -1, 1), padding=(3, 0)).reshape(n, c, h, w)


def _unit(noise: Tensor) -> Tensor:
    return noise / noise.flatten(1).std(1).view(-1, 1, 1, 1)


def _per_image(amount: Tensor) -> Tensor:
    return amount.view(-1, 1, 1, 1)
