"""The beta-VAE's settings, its active codes, and the true factors."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Split
from aeviz.evaluation import metrics
from aeviz.experiments.disentangle.parameters import Parameters
from aeviz.experiments.fitting import codes
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for


def config(params: Parameters, beta: float) -> RunConfig:
    """The settings of the beta-VAE, with a constant beta so that only its value differs."""
    settings = settings_for("beta-vae", params.dataset).replace(
        **{
            "bottleneck.latent_dim": params.size,
            "loss.beta": beta,
            "loss.beta_start": beta,
            "loss.warmup": 0.0,
        }
    )
    if params.network == "conv":
        return settings
    return settings.replace(
        **{"network.kind": "dense", "network.hidden": [256, 128], "training.lr": 0.002}
    )


def active_codes(model: Autoencoder, split: Split) -> Tensor:
    """Posterior means, (N, d). Dimensions that collapsed count as constant: their mean moves by
    less than the noise that they are drawn with, and yet may rank images by a factor."""
    z = codes(model, split)
    return torch.where(z.var(0, correction=0) > metrics.ACTIVE_VARIANCE, z, 0)


def factors_of(split: Split) -> Tensor:
    """The true factors (N, f)."""
    assert split.factors is not None
    return split.factors
