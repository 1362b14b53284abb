"""The terms of the loss over a whole split, for validation and test."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.datasets import Split
from aeviz.evaluation import metrics
from aeviz.nn.corruptions import corrupt
from aeviz.nn.losses import pixels
from aeviz.nn.model import Autoencoder


@torch.no_grad()
def validate(model: Autoencoder, split: Split, seed: int = 0) -> dict[str, float]:
    """Mean loss terms over a split, without changing the run's own random state.

    Returns loss, recon, kl and penalty with the reductions of `losses` (per image), with full beta
    and one sample of each Gaussian code; and mse, for any loss: the squared error per pixel of
    clean images, reconstructed from their mean codes.
    """
    config, device = model.config, next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    was_training = model.training
    model.eval()
    clean = config.corruption.kind == "none"
    sums = torch.zeros(5, dtype=torch.float64)
    for batch in split.images.split(batch_rows(model)):
        x = to_float(batch.to(device))
        x_in = corrupt(x, config.corruption, noise)
        out = model(x_in, noise)
        terms = model.loss(out, x, x_in, config.loss.beta)
        if clean and not model.is_gaussian:
            x_hat = pixels(out.raw, config.network.output)
        else:
            x_hat = model.decode(out.mu if clean else model.encode(x))
        figures = [float(t) for t in (*terms, metrics.mse(x, x_hat.float()).mean())]
        sums += torch.tensor(figures, dtype=torch.float64) * len(batch)
    model.train(was_training)
    means = (sums / len(split.images)).tolist()
    return dict(zip(("loss", "recon", "kl", "penalty", "mse"), means, strict=True))


def batch_rows(model: Autoencoder) -> int:
    """Images per evaluation batch: fewer if each needs a whole Jacobian."""
    return 100 if model.config.loss.penalty == "contractive" else 500


def to_float(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) -> float32 in [0, 1]."""
    return images.to(torch.float32).mul_(1 / 255)
