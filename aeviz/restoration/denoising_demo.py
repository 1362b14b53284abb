"""Corrupt clean images, restore them, and measure both."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from aeviz.config import CorruptionConfig, CorruptionKind
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import reconstruct
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder
from aeviz.restoration.filters import median


@dataclass(frozen=True)
class Score:
    """How close images are to the clean ones: psnr (N,) in dB, ssim (N,)."""

    psnr: Tensor
    ssim: Tensor

    @property
    def mean_psnr(self) -> float:
        """In dB; an image without any error counts for `metrics.PSNR_CAP`."""
        return self.psnr.clamp(max=metrics.PSNR_CAP).mean().item()

    @property
    def mean_ssim(self) -> float:
        return self.ssim.mean().item()


@dataclass(frozen=True)
class DenoisingDemo:
    """x clean, x_noisy, x_hat restored, x_median filtered: all (N, C, H, W) in [0, 1]."""

    x: Tensor
    x_noisy: Tensor
    x_hat: Tensor
    x_median: Tensor
    noisy: Score
    restored: Score
    filtered: Score


@torch.no_grad()
def run_trial(
    model: Autoencoder, x: Tensor, kind: CorruptionKind, amount: float, seed: int
) -> DenoisingDemo:
    """Adds this noise to the clean x (N, C, H, W) in [0, 1], restores it, and scores the result.

    `amount` is the standard deviation (gaussian) or the share of pixels hit (the others); the same
    seed gives the same noise.
    """
    noise = torch.Generator().manual_seed(seed)
    x_noisy = corrupt(x, CorruptionConfig(kind, amount), noise)
    x_hat = torch.cat([reconstruct(model, part) for part in x_noisy.split(500)])
    x_median = median(x_noisy)
    scores = (score(x, other) for other in (x_noisy, x_hat, x_median))
    return DenoisingDemo(x, x_noisy, x_hat, x_median, *scores)


def score(x: Tensor, other: Tensor) -> Score:
    """PSNR and SSIM of `other` against the clean x, image by image."""
    return Score(metrics.psnr(x, other), metrics.ssim(x, other))
