"""Out-of-distribution check for an input image. A denoiser turns every image into one like its
training data, so the user should know if the input is of another kind.

Two signs are measured. First, for an image like the training data, the residual x - x_hat is noise,
which averages out over a few pixels; for another image it also contains shapes, which do not.
Second, the output for an unfamiliar image is faint. Both signs are compared with those of held-out
images that lost a similar amount of fine noise.
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
"""Above this `strangeness` an image counts as out of distribution."""

_SHAPE, _FAINT = 1.2, 1.6
"""How far a sign must exceed 95 % of the held-out images. Measured on a digit denoiser: none of its
own clean test images are flagged, and 1 to 3 % at Gaussian noise of 0.5; of clean clothes 87 % are,
at Gaussian noise of 0.5 still 44 %; of inverted digits all."""

_WINDOW = 5
_NEIGHBOURS = 150
_IMAGES = 150
_EPSILON = 1e-8  # in place of zero in a denominator or a logarithm
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
    """Signs of N restored images, each (N,): the mean squares of the parts of x - x_hat that
    average out over 5 x 5 pixels (fine) and that do not (smooth), and the variance of x_hat
    (contrast)."""

    fine: Tensor
    smooth: Tensor
    contrast: Tensor

    def strangeness(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """(N,): how much x (N, C, H, W), restored to x_hat, differs from these images. Above 1 the
        difference is more than noise explains."""
        own = signs(x, x_hat)
        distance = (_log(own.fine)[:, None] - _log(self.fine)).abs()
        near = distance.topk(min(_NEIGHBOURS, len(self.fine)), largest=False).indices
        shape = own.smooth / self.smooth[near].quantile(0.95, dim=1).clamp_min(_EPSILON)
        faint = self.contrast[near].quantile(0.05, dim=1) / own.contrast.clamp_min(_EPSILON)
        return torch.maximum(shape / _SHAPE, faint / _FAINT)


@torch.no_grad()
def calibrate(model: Autoencoder, x: Tensor) -> Signs:
    """The signs of held-out images x (N, C, H, W) in [0, 1] with each kind of noise added; uses the
    first 150 images."""
    noise = torch.Generator().manual_seed(0)
    x = x[:_IMAGES]
    noisy = torch.cat([corrupt(x, CorruptionConfig(*kind), noise) for kind in _NOISES])
    return signs(noisy, reconstruct(model, noisy))


def signs(x: Tensor, x_hat: Tensor) -> Signs:
    """The signs of images x restored into x_hat, both (N, C, H, W) in [0, 1]."""
    residual = x - x_hat
    smooth = F.avg_pool2d(residual, _WINDOW, 1, _WINDOW // 2, count_include_pad=False)
    contrast = x_hat.flatten(1).var(1, correction=0)
    return Signs(_mean_square(residual - smooth), _mean_square(smooth), contrast)


def _mean_square(x: Tensor) -> Tensor:
    return x.square().flatten(1).mean(1)


def _log(energy: Tensor) -> Tensor:
    return energy.clamp_min(_EPSILON).log()
