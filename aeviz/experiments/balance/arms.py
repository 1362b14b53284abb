"""The VAE's settings for a weight of the KL, and codes drawn from it."""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Split
from aeviz.evaluation.evaluate import encode_all
from aeviz.experiments.balance.parameters import Parameters
from aeviz.nn.bottlenecks import reparameterize
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for
from aeviz.training.state import leaves_one


def config(params: Parameters, beta: float) -> RunConfig:
    """The settings of the VAE with a code of two numbers. Batches are a little smaller if the last
    one would be a single image, which batch normalisation cannot take."""
    made = settings_for("vae", params.dataset).replace(
        **{"network.hidden": [256, 64], "bottleneck.latent_dim": 2, "loss.beta": beta}
    )
    images = datasets.find(params.dataset).counts[0]
    while leaves_one(made, images) and made.training.batch_size > 2:
        made = made.replace(**{"training.batch_size": made.training.batch_size - 1})
    return made


def drawn(model: Autoencoder, split: Split, generator: torch.Generator) -> Tensor:
    """z ~ q(z|x) of each image, (N, 2), which is what the decoder is trained with. A mean may move
    by far less than the noise and would still rank the images."""
    mu, logvar = encode_all(model, split)
    assert logvar is not None
    return reparameterize(mu, logvar, generator)
