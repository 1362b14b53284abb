"""Does this image look like what the model knows? A model restores everything into its own data.

What a denoiser takes away, x - x_hat, is noise where the image is of the model's kind: it averages
out over a few pixels. Where the image is of another kind, its shape is taken away too, and shape
does not average out. So the smoothed part of what was taken away is compared with that of held-out
images that lost as much fine noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.config import CorruptionConfig, CorruptionKind
from aeviz.evaluation.evaluate import reconstruct
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder

STRANGE = 1.5
"""Above this `strangeness` an image is of another kind. On digits, fewer than 1 % of the model's
own test images pass it at any noise, clean clothes do in 9 of 10 cases."""

_WINDOW = 5
_NEIGHBOURS = 150
_IMAGES = 150
_NOISES: tuple[tuple[CorruptionKind, float], ...] = (
    ("none", 0.0),
    ("gaussian", 0.15),
    ("gaussian", 0.3),
    ("gaussian", 0.45),
    ("gaussian", 0.6),
    ("salt-and-pepper", 0.15),
    ("salt-and-pepper", 0.3),
    ("salt-and-pepper", 0.45),
    ("masking", 0.25),
    ("masking", 0.5),
)


@dataclass(frozen=True)
class Familiar:
    """What the model takes away from held-out images, each with each kind of noise: fine (M,), the
    mean square of what averages out, and smooth (M,), of what does not."""

    fine: Tensor
    smooth: Tensor

    def strangeness(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """(N,): how much shape restoring x (N, C, H, W) into x_hat took away, relative to the
        95th percentile of held-out images with as much noise. About 0.1 to 1 is usual."""
        fine, smooth = removed(x, x_hat)
        apart = (_log(fine)[:, None] - _log(self.fine)).abs()
        near = apart.topk(min(_NEIGHBOURS, len(self.fine)), largest=False).indices
        return smooth / self.smooth[near].quantile(0.95, dim=1).clamp_min(1e-8)


@torch.no_grad()
def calibrate(model: Autoencoder, x: Tensor) -> Familiar:
    """Measures `model` on clean held-out images x (N, C, H, W) in [0, 1]; 150 of them are used."""
    noise = torch.Generator().manual_seed(0)
    x = x[:_IMAGES]
    noisy = torch.cat([corrupt(x, CorruptionConfig(*kind), noise) for kind in _NOISES])
    return Familiar(*removed(noisy, reconstruct(model, noisy)))


def removed(x: Tensor, x_hat: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squares (N,) of the fine and of the smooth part of x - x_hat, each (N, C, H, W).

    Smooth is the mean over 5 x 5 pixels, fewer at the edges; fine is the rest.
    """
    taken = x - x_hat
    smooth = F.avg_pool2d(taken, _WINDOW, 1, _WINDOW // 2, count_include_pad=False)
    return _mean_square(taken - smooth), _mean_square(smooth)


def _mean_square(x: Tensor) -> Tensor:
    return x.square().flatten(1).mean(1)


def _log(energy: Tensor) -> Tensor:
    return energy.clamp_min(1e-9).log()
