"""Degradations of pixel values. All take x (N, 3, H, W) in [0, 1], amounts (N,) and a generator,
the three on one device, and none makes the caller wait for that device."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.degradations.constants import LUMA
from aeviz.degradations.jpeg import through_jpeg
from aeviz.images import through_jpeg as through_jpeg_file

Result = tuple[Tensor, Tensor | None, Tensor | None]


def noise(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """Gaussian noise of standard deviation amount / 255; a grey image stays grey."""
    return x + _per_image(amount / 255) * _white(x, generator), None, None


def any_noise(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `noise`, but in one image of eight the noise is correlated between neighbouring pixels, as
    from cameras and scanners, and one of eight is afterwards compressed as JPEG.

    For most images the conditioning holds what the estimator in `aeviz.restoration.noise_level`
    would return, with its error; for the others it is 0.
    """
    u = _uniform(x, generator)
    rough = 1 + 0.04 * torch.randn(u.shape, generator=generator, device=x.device)
    white = _white(x, generator)
    correlated, files = _eighths(x, generator)
    white = correlated.changed(white, partial(_correlated, generator=generator))
    x_in = x + _per_image(amount / 255) * white
    x_in = files.changed(x_in, partial(_from_file, generator=generator))
    conditioning = torch.where(u < 0.7, rough * _estimated_sigma(x_in - x), 0.0)
    return x_in, conditioning.expand(-1, 1, *x.shape[2:]), None


class _Subset:
    """Candidate images of a batch by index (k,), and which of them to change (k, 1, 1, 1)."""

    def __init__(self, places: Tensor, chosen: Tensor) -> None:
        self.places, self.chosen = places, chosen

    def changed(self, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """x (N, ...) with the chosen images replaced by `change` of them."""
        part = x.index_select(0, self.places)
        return x.index_copy(0, self.places, torch.where(self.chosen, change(part), part))


def _eighths(x: Tensor, generator: torch.Generator) -> tuple[_Subset, _Subset]:
    """Two random subsets, on average an eighth of the images each; disjoint if there are two images
    or more. The number of candidates is fixed, so the caller need not wait for the device."""
    n = len(x)
    count = -(-n // 8)
    order = torch.rand(n, generator=generator, device=x.device).argsort()
    candidates = (order[:count], order[n - count :])
    first, second = (
        _Subset(places, _uniform(x[:count], generator) < n / (8 * count)) for places in candidates
    )
    return first, second


def _correlated(white: Tensor, generator: torch.Generator) -> Tensor:
    return _unit(_blurred(white, generator))


def _from_file(x: Tensor, generator: torch.Generator) -> Tensor:
    """JPEG compression of quality 70 to 97, with blocks at a random offset."""
    h, w = x.shape[-2:]
    u = torch.rand(2, len(x), generator=generator, device=x.device)
    shift = (8 * u[1]).long()
    padded = _moved(x.clamp(0, 1), -shift, h + 8, w + 8)
    return _moved(through_jpeg(padded, (70 + 28 * u[0]).floor()), shift, h, w)


def _moved(x: Tensor, by: Tensor, height: int, width: int) -> Tensor:
    """(N, C, height, width): x shifted by `by` (N,) pixels up and left; edges are repeated."""
    device = x.device
    rows = (torch.arange(height, device=device) + by[:, None]).clamp(0, x.shape[2] - 1)
    columns = (torch.arange(width, device=device) + by[:, None]).clamp(0, x.shape[3] - 1)
    each = torch.arange(len(x), device=device)[:, None, None]
    return x[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _estimated_sigma(noise: Tensor) -> Tensor:
    """The standard deviation of (N, C, H, W), estimated from second differences: (N, 1, 1, 1)."""
    return noise.diff(2, dim=2).diff(2, dim=3).square().mean((1, 2, 3), keepdim=True).sqrt() / 6


def salt_and_pepper(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """A share of amount % of the pixels becomes black or white, half each, all channels alike."""
    u = torch.rand(len(x), 1, *x.shape[2:], generator=generator, device=x.device)
    x_in, hit = _impulses(x, u, _per_image(amount / 100))
    return x_in, None, hit


def any_impulse(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `salt_and_pepper` for most images; for others channel by channel, or missing pixels of one
    value."""
    share = _per_image(amount / 100)
    u = torch.rand(x.shape, generator=generator, device=x.device)
    kind, value = _uniform(x, generator), _uniform(x, generator)
    value = torch.where(kind < 0.2, torch.zeros_like(value), value)
    x_in, hit = _impulses(x, torch.where(kind < 0.8, u[:, :1], u), share)
    missing = u[:, :1] < share
    x_in = torch.where(kind < 0.3, torch.where(missing, value, x), x_in)
    return x_in, None, torch.where(kind < 0.3, missing.float(), hit)


def _impulses(x: Tensor, u: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """x with black where u < share / 2 and white where u > 1 - share / 2, and the mask of both."""
    x_in = torch.where(u < share / 2, torch.zeros_like(x), x)
    x_in = torch.where(u > 1 - share / 2, torch.ones_like(x), x_in)
    hit = ((u < share / 2) | (u > 1 - share / 2)).any(1, keepdim=True)
    return x_in, hit.float()


def shrink(x: Tensor, amount: Tensor, generator: torch.Generator, scale: int) -> Result:
    """Downscaled by `scale`, rounded to 8 bits, and upscaled again: both bicubic with a = -0.5, as
    MATLAB's imresize."""
    del amount, generator
    h, w = x.shape[-2:]
    small = F.interpolate(
        x, (-(-h // scale), -(-w // scale)), mode="bicubic", antialias=True, align_corners=False
    )
    small = (small.clamp(0, 1) * 255).round() / 255
    large = F.interpolate(small, (h, w), mode="bicubic", antialias=True, align_corners=False)
    return large, None, None


def jpeg(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """JPEG compression of quality `amount`, with chroma at half resolution, as is usual."""
    del generator
    out = [
        _through_file(one, round(quality)) for one, quality in zip(x, amount.tolist(), strict=True)
    ]
    return torch.stack(out), None, None


def any_jpeg(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `jpeg`, for a whole batch and without a file."""
    del generator
    return through_jpeg(x, amount), None, None


def _through_file(x: Tensor, quality: int) -> Tensor:
    pixels = (x.permute(1, 2, 0) * 255).round().to(torch.uint8).cpu().numpy()
    decoded = torch.from_numpy(through_jpeg_file(pixels, quality)).to(x.device)
    return decoded.permute(2, 0, 1).float() / 255


def grey(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """The luminance alone, in all three channels."""
    del amount, generator
    return luminance(x).expand(-1, 3, -1, -1), None, None


def luminance(x: Tensor) -> Tensor:
    """Y of x (N, 3, H, W): (N, 1, H, W)."""
    r, g, b = x.split(1, 1)
    return LUMA[0] * r + LUMA[1] * g + LUMA[2] * b


def _white(x: Tensor, generator: torch.Generator) -> Tensor:
    """N(0, 1) for each value; for a grey image the same in its three channels."""
    white = torch.empty_like(x).normal_(generator=generator)
    is_grey = (x[:, :1] == x).flatten(1).all(1).view(-1, 1, 1, 1)
    return torch.where(is_grey, white[:, :1], white)


def _blurred(white: Tensor, generator: torch.Generator) -> Tensor:
    """`white` blurred by a Gaussian of 0.4 to 1.2 pixels, drawn for each image."""
    width = 0.4 + 0.8 * _uniform(white, generator)
    taps = [(-0.5 * (place / width) ** 2).exp() for place in range(-3, 4)]
    h, w = white.shape[-2:]
    across = F.pad(white, (3, 3, 0, 0))
    white = torch.stack([tap * across[..., i : i + w] for i, tap in enumerate(taps)]).sum(0)
    down = F.pad(white, (0, 0, 3, 3))
    return torch.stack([tap * down[..., i : i + h, :] for i, tap in enumerate(taps)]).sum(0)


def _uniform(x: Tensor, generator: torch.Generator) -> Tensor:
    """A number in [0, 1) for each image: (N, 1, 1, 1)."""
    return torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)


def _unit(noise: Tensor) -> Tensor:
    return noise / noise.flatten(1).std(1).view(-1, 1, 1, 1)


def _per_image(amount: Tensor) -> Tensor:
    return amount.view(-1, 1, 1, 1)
