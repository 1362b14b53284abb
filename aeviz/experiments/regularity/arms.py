"""The models' settings, and codes drawn for each of them."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.evaluate import encode_all
from aeviz.experiments.regularity.parameters import MODELS, SAMPLERS, Parameters
from aeviz.latent.space import fit_mixture, sample_prior
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

COMPONENTS: Final = 10
MAX_REAL: Final = 1_000
MAX_CODES: Final = 4_000
HIDDEN: Final = (256,)


def config(params: Parameters, kind: str) -> RunConfig:
    """The VAE type of Train with one hidden layer, and the same network without noise and KL."""
    settings = settings_for("vae", params.dataset).replace(
        **{"network.hidden": [*HIDDEN], "bottleneck.latent_dim": params.size}
    )
    if kind == "ae":
        return settings.replace(**{"type": "standard", "bottleneck.kind": "deterministic"})
    if kind == "beta-vae":
        return settings.replace(**{"type": "beta-vae", "loss.beta": params.beta})
    return settings


def samples(params: Parameters, kind: str, z: Tensor, seed: int) -> dict[str, Tensor]:
    """Codes drawn for each arm of this model, as many as there are real images."""
    chance = torch.Generator().manual_seed(seed)
    normal = sample_prior(MAX_REAL, params.size, chance)
    if kind != "ae":
        return {MODELS[kind]: normal}
    return {
        SAMPLERS["prior"]: normal,
        SAMPLERS["gaussian"]: fit_mixture(z, 1, seed).sample(MAX_REAL, chance),
        SAMPLERS["mixture"]: fit_mixture(z, COMPONENTS, seed).sample(MAX_REAL, chance),
    }


def drawn_codes(model: Autoencoder, dataset: Dataset, seed: int) -> Tensor:
    """Codes that the decoder saw in training: those of a VAE with their noise."""
    mu, logvar = encode_all(model, dataset.train.take(slice(0, MAX_CODES)))
    if logvar is None:
        return mu
    noise = torch.Generator().manual_seed(seed)
    return mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=noise)
