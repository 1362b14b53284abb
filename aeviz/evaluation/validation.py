"""The terms of the loss over a whole split, after each epoch and in an evaluation."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.datasets import Split
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder


@torch.no_grad()
def validate(model: Autoencoder, split: Split, seed: int = 0) -> dict[str, float]:
    """Mean loss terms over a split, without touching the run's own random state.

    Returns loss, recon, kl and penalty in the reductions of `losses` (per image), with full beta.
    Gaussian codes are drawn, one sample each, so `loss` estimates the negative ELBO.
    """
    config, device = model.config, next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    was_training = model.training
    model.eval()
    sums = torch.zeros(4, dtype=torch.float64)
    for batch in split.images.split(batch_rows(model)):
        x = to_float(batch.to(device))
        x_in = corrupt(x, config.corruption, noise)
        terms = model.loss(model(x_in, noise), x, x_in, config.loss.beta)
        sums += torch.tensor([float(t) for t in terms], dtype=torch.float64) * len(batch)
    model.train(was_training)
    means = (sums / len(split.images)).tolist()
    return dict(zip(("loss", "recon", "kl", "penalty"), means, strict=True))


def batch_rows(model: Autoencoder) -> int:
    """Images per evaluation batch: fewer where a whole Jacobian is needed for each."""
    return 100 if model.config.loss.penalty == "contractive" else 500


def to_float(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) -> float32 in [0, 1]."""
    return images.to(torch.float32).mul_(1 / 255)
