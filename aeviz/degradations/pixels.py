"""Degradations of pixel values. All take x (N, 3, H, W) in [0, 1], amounts (N,) and a generator,
the three on one device, and none makes the caller wait for that device."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.degradations.jpeg import through_jpeg
from aeviz.images import through_jpeg as through_jpeg_file

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
    `aeviz.restoration.noise_level` can tell.
    """
    u = _uniform(x, generator)
    rough = 1 + 0.04 * torch.randn(u.shape, generator=generator, device=x.device)
    white = _white(x, generator)
    correlated, files = _eighths(x, generator)
    white = correlated.changed(white, partial(_correlated, generator=generator))
    x_in = x + _per_image(amount / 255) * white
    x_in = files.changed(x_in, partial(_from_file, generator=generator))
    known = torch.where(u < 0.7, rough * _looks(x_in - x), 0.0)
    return x_in, known.expand(-1, 1, *x.shape[2:]), None


class _Some:
    """Some pictures of a batch by their places (k,), and which of them are changed (k, 1, 1, 1)."""

    def __init__(self, places: Tensor, chosen: Tensor) -> None:
        self.places, self.chosen = places, chosen

    def changed(self, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """x (N, ...) with those replaced by what `change` answers for them."""
        part = x.index_select(0, self.places)
        return x.index_copy(0, self.places, torch.where(self.chosen, change(part), part))


def _eighths(x: Tensor, generator: torch.Generator) -> tuple[_Some, _Some]:
    """Two choices of an eighth of the pictures each, on average; none is in both if there are two
    or more. They have a fixed length, so the caller does not wait for the device."""
    n = len(x)
    most = -(-n // 8)
    order = torch.rand(n, generator=generator, device=x.device).argsort()
    picked = (order[:most], order[n - most :])
    first, second = (
        _Some(places, _uniform(x[:most], generator) < n / (8 * most)) for places in picked
    )
    return first, second


def _correlated(white: Tensor, generator: torch.Generator) -> Tensor:
    return _unit(_blurred(white, generator))


def _from_file(x: Tensor, generator: torch.Generator) -> Tensor:
    """Through JPEG files of qualities 70 to 97, whose blocks begin anywhere."""
    h, w = x.shape[-2:]
    u = torch.rand(2, len(x), generator=generator, device=x.device)
    shift = (8 * u[1]).long()
    uncut = _moved(x.clamp(0, 1), -shift, h + 8, w + 8)
    return _moved(through_jpeg(uncut, (70 + 28 * u[0]).floor()), shift, h, w)


def _moved(x: Tensor, by: Tensor, height: int, width: int) -> Tensor:
    """(N, C, height, width): x from `by` (N,) pixels down and right on; edges are repeated."""
    device = x.device
    rows = (torch.arange(height, device=device) + by[:, None]).clamp(0, x.shape[2] - 1)
    columns = (torch.arange(width, device=device) + by[:, None]).clamp(0, x.shape[3] - 1)
    each = torch.arange(len(x), device=device)[:, None, None]
    return x[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _looks(noise: Tensor) -> Tensor:
    """The standard deviation of (N, C, H, W) as second differences tell it: (N, 1, 1, 1)."""
    return noise.diff(2, dim=2).diff(2, dim=3).square().mean((1, 2, 3), keepdim=True).sqrt() / 6


def salt_and_pepper(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """A share of amount % of the pixels becomes black or white, half each, all channels alike."""
    u = torch.rand(len(x), 1, *x.shape[2:], generator=generator, device=x.device)
    x_in, hit = _struck(x, u, _per_image(amount / 100))
    return x_in, None, hit


def any_impulse(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `salt_and_pepper` for most pictures; for others channel by channel, or missing pixels of
    one value."""
    share = _per_image(amount / 100)
    u = torch.rand(x.shape, generator=generator, device=x.device)
    kind, value = _uniform(x, generator), _uniform(x, generator)
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


def shrink(x: Tensor, amount: Tensor, generator: torch.Generator, scale: int) -> Result:
    """Made smaller by `scale`, rounded to 8 bits, and enlarged again: both bicubic with a = -0.5,
    as MATLAB's imresize."""
    del amount, generator
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
        _through_file(one, round(quality)) for one, quality in zip(x, amount.tolist(), strict=True)
    ]
    return torch.stack(out), None, None


def any_jpeg(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `jpeg`, all pictures at once and without a file."""
    del generator
    return through_jpeg(x, amount), None, None


def _through_file(x: Tensor, quality: int) -> Tensor:
    pixels = (x.permute(1, 2, 0) * 255).round().to(torch.uint8).cpu().numpy()
    found = torch.from_numpy(through_jpeg_file(pixels, quality)).to(x.device)
    return found.permute(2, 0, 1).float() / 255


def grey(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """The luminance alone, in all three channels."""
    del amount, generator
    return luminance(x).expand(-1, 3, -1, -1), None, None


def luminance(x: Tensor) -> Tensor:
    """Y of x (N, 3, H, W): (N, 1, H, W)."""
    r, g, b = x.split(1, 1)
    return LUMA[0] * r + LUMA[1] * g + LUMA[2] * b


def _white(x: Tensor, generator: torch.Generator) -> Tensor:
    """N(0, 1) for each value; where a picture is grey, the same in its three channels."""
    white = torch.empty_like(x).normal_(generator=generator)
    is_grey = (x[:, :1] == x).flatten(1).all(1).view(-1, 1, 1, 1)
    return torch.where(is_grey, white[:, :1], white)


def _blurred(white: Tensor, generator: torch.Generator) -> Tensor:
    """By Gaussians of 0.4 to 1.2 pixels, one for each picture."""
    width = 0.4 + 0.8 * _uniform(white, generator)
    taps = [(-0.5 * (place / width) ** 2).exp() for place in range(-3, 4)]
    h, w = white.shape[-2:]
    across = F.pad(white, (3, 3, 0, 0))
    white = torch.stack([tap * across[..., i : i + w] for i, tap in enumerate(taps)]).sum(0)
    down = F.pad(white, (0, 0, 3, 3))
    return torch.stack([tap * down[..., i : i + h, :] for i, tap in enumerate(taps)]).sum(0)


def _uniform(x: Tensor, generator: torch.Generator) -> Tensor:
    """A number in [0, 1) for each picture: (N, 1, 1, 1)."""
    return torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)


def _unit(noise: Tensor) -> Tensor:
    return noise / noise.flatten(1).std(1).view(-1, 1, 1, 1)


def _per_image(amount: Tensor) -> Tensor:
    return amount.view(-1, 1, 1, 1)
