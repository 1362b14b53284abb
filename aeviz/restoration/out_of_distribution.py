"""Out-of-distribution check for an input image. A model restores everything into its own data.

Two signs tell. What a denoiser takes away, x - x_hat, is noise where the image is of the model's
kind: it averages out over a few pixels. Where the image is of another kind, its shape is taken away
too, and shape does not average out. And where the model finds nothing that it knows, what it draws
is faint. Both are compared with held-out images that lost as much fine noise.
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

STRANGE = 1.0
"""Above this `strangeness` an image is of another kind."""

_SHAPE, _FAINT = 1.2, 1.6
"""How far beyond 95 % of the held-out images a sign has to be. Measured on a digit denoiser: of its
own test images none pass when clean and 1 to 3 % at Gaussian noise of 0.5; of clean clothes 87 %
do, at Gaussian noise of 0.5 still 44 %; of inverted digits all."""

_WINDOW = 5
_NEIGHBOURS = 150
_IMAGES = 150
_NOTHING = 1e-8  # in place of zero under a fraction or a logarithm
_NOISES: tuple[tuple[CorruptionKind, float], ...] = (
    ("none", 0.0),
    ("gaussian", 0.1),
    ("gaussian", 0.15),
    ("gaussian", 0.2),
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
class Signs:
    """Of N restored images: fine and smooth, the mean squares of the part of x - x_hat that
    averages out over 5 x 5 pixels and of the part that does not; contrast, the variance of x_hat.
    All (N,)."""

    fine: Tensor
    smooth: Tensor
    contrast: Tensor

    def strangeness(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """(N,): how unlike these images is x (N, C, H, W) with its restoration x_hat? At 1 it is
        beyond what noise explains."""
        own = signs(x, x_hat)
        apart = (_log(own.fine)[:, None] - _log(self.fine)).abs()
        near = apart.topk(min(_NEIGHBOURS, len(self.fine)), largest=False).indices
        shape = own.smooth / self.smooth[near].quantile(0.95, dim=1).clamp_min(_NOTHING)
        faint = self.contrast[near].quantile(0.05, dim=1) / own.contrast.clamp_min(_NOTHING)
        return torch.maximum(shape / _SHAPE, faint / _FAINT)


@torch.no_grad()
def calibrate(model: Autoencoder, x: Tensor) -> Signs:
    """The signs of clean held-out images x (N, C, H, W) in [0, 1], under each kind of noise; 150 of
    them are used."""
    noise = torch.Generator().manual_seed(0)
    x = x[:_IMAGES]
    noisy = torch.cat([corrupt(x, CorruptionConfig(*kind), noise) for kind in _NOISES])
    return signs(noisy, reconstruct(model, noisy))


def signs(x: Tensor, x_hat: Tensor) -> Signs:
    """The signs of images x restored into x_hat, both (N, C, H, W) in [0, 1]."""
    taken = x - x_hat
    smooth = F.avg_pool2d(taken, _WINDOW, 1, _WINDOW // 2, count_include_pad=False)
    contrast = x_hat.flatten(1).var(1, correction=0)
    return Signs(_mean_square(taken - smooth), _mean_square(smooth), contrast)


def _mean_square(x: Tensor) -> Tensor:
    return x.square().flatten(1).mean(1)


def _log(energy: Tensor) -> Tensor:
    return energy.clamp_min(_NOTHING).log()
