"""Denoising of points in the plane, where everything can be drawn and the optimum is known.

The clean points lie on a curve. Noise moves them off it, and a small autoencoder learns to move
them back: r(x_noisy) = x_hat. The function with the smallest mean squared error is the mean of the
clean points that may have become x_noisy, r* = E[x | x_noisy], and (Robbins 1956, Miyasawa 1961)

    r*(x) - x = sigma^2 grad log p_sigma(x),

with p_sigma the density of the noisy points: r* moves each point towards denser data. Alain &
Bengio 2014 show the same for autoencoders that are trained with little noise, with the density of
the data themselves. On a curve r* is a sum that can be computed exactly, so the trained network can
be compared with it.

Points are (N, 2) float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from aeviz.config import BottleneckConfig, CorruptionConfig, LossConfig, NetworkConfig, RunConfig
from aeviz.nn.model import Autoencoder

SPREAD = 0.6
"""Standard deviation of the blob, in each direction."""

STEPS, BATCH, RATE = 800, 256, 1.5e-2
_PLACES = 1500  # of a curve


def _circle() -> list[Tensor]:
    turn = torch.linspace(0, 2 * math.pi, _PLACES)
    return [torch.stack([turn.cos(), turn.sin()], 1)]


def _spiral() -> list[Tensor]:
    turn = torch.linspace(0.5 * math.pi, 4 * math.pi, _PLACES)
    return [torch.stack([turn.cos(), turn.sin()], 1) * (turn / (4 * math.pi))[:, None] * 1.25]


def _moons() -> list[Tensor]:
    turn = torch.linspace(0, math.pi, _PLACES // 2)
    upper = torch.stack([turn.cos() - 0.5, turn.sin() - 0.2], 1)
    return [upper * 0.85, -upper * 0.85]


CURVES: dict[str, Callable[[], list[Tensor]]] = {
    "spiral": _spiral,
    "circle": _circle,
    "two moons": _moons,
}
BLOB = "blob"
"""Beside the curves, N(0, SPREAD^2 I): its best denoiser is one number, `factor`."""


def curve(shape: str) -> list[Tensor]:
    """The pieces of a curve, each (M, 2), its places evenly apart; none of the blob."""
    return [] if shape == BLOB else [_even(piece) for piece in CURVES[shape]()]


def _even(piece: Tensor) -> Tensor:
    """The same line with its places evenly apart, (M, 2)."""
    steps = (piece[1:] - piece[:-1]).norm(dim=1)
    along = torch.cat([steps.new_zeros(1), steps.cumsum(0)])
    wanted = torch.linspace(0, along[-1].item(), len(piece))
    right = torch.searchsorted(along, wanted).clamp(1, len(piece) - 1)
    share = ((wanted - along[right - 1]) / (along[right] - along[right - 1]))[:, None]
    return piece[right - 1] * (1 - share) + piece[right] * share


def draw(shape: str, count: int, generator: torch.Generator) -> Tensor:
    """`count` clean points of this shape, (count, 2)."""
    if shape == BLOB:
        return SPREAD * torch.randn(count, 2, generator=generator)
    places = torch.cat(curve(shape))
    return places[torch.randint(len(places), (count,), generator=generator)]


def best(shape: str, x: Tensor, sigma: float) -> Tensor:
    """E[clean | x]: the output of the best possible denoiser for the noisy points x, (N, 2).

    On a curve: the mean of its places, each weighted with the density of the noise that leads from
    there to x. For the blob: x times `factor`.
    """
    if shape == BLOB:
        return x * factor(sigma)
    places = torch.cat(curve(shape))
    weights = (-torch.cdist(x, places).square() / (2 * sigma**2)).softmax(1)
    return weights @ places


def factor(sigma: float) -> float:
    """By what the best denoiser multiplies a noisy point of the blob: s^2 / (s^2 + sigma^2), with
    s = SPREAD."""
    return SPREAD**2 / (SPREAD**2 + sigma**2)


def nearest_place(shape: str, x: Tensor) -> Tensor:
    """The place of the curve that is nearest to each point, (N, 2); for the blob its centre."""
    if shape == BLOB:
        return torch.zeros_like(x)
    places = torch.cat(curve(shape))
    return places[torch.cdist(x, places).argmin(1)]


def distance(shape: str, x: Tensor) -> Tensor:
    """Distance of points x (N, 2) from the nearest place of the curve, (N,)."""
    return torch.cdist(x, torch.cat(curve(shape))).amin(1)


class LinearMap:
    """The linear map (with an offset) of least squared error from noisy to clean points."""

    def __init__(self, noisy: Tensor, clean: Tensor) -> None:
        self.map = torch.linalg.lstsq(_with_one(noisy), clean).solution

    def __call__(self, x: Tensor) -> Tensor:
        return _with_one(x) @ self.map


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x, torch.ones(len(x), 1)], 1)


def config(sigma: float, seed: int = 0) -> RunConfig:
    """A dense denoiser of points. Its code is wider than its input, so only the noise keeps it from
    copying."""
    return RunConfig(
        type="denoising",
        network=NetworkConfig(
            hidden=(64, 64), activation="leaky_relu", output="linear", init="glorot"
        ),
        bottleneck=BottleneckConfig(latent_dim=64),
        corruption=CorruptionConfig("gaussian", sigma),
        loss=LossConfig(reconstruction="mse"),
    ).replace(**{"training.seed": seed})


def train(
    shape: str, sigma: float, steps: int = STEPS, seed: int = 0, settings: RunConfig | None = None
) -> Autoencoder:
    """Trains a denoiser of this shape: new points in each step, with Gaussian noise of `sigma` that
    is not clipped, since the plane has no black and white."""
    settings = settings or config(sigma, seed)
    model = Autoencoder(settings, (1, 1, 2))
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), RATE, fused=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.15)
    clean = draw(shape, steps * BATCH, chance)
    noisy = clean + sigma * torch.randn(clean.shape, generator=chance)
    for x, x_in in zip(clean.split(BATCH), noisy.split(BATCH), strict=True):
        x, x_in = (part[:, None, None] for part in (x, x_in))  # (B, 1, 1, 2)
        loss = model.loss(model(x_in), x, x_in, settings.loss.beta).total
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rate.step()
    return model.eval().requires_grad_(False)


@torch.no_grad()
def restore(model: Autoencoder, x: Tensor) -> Tensor:
    """The model's output for points x, (N, 2)."""
    return model.decode(model.encode(x[:, None, None])).reshape(-1, 2)
