"""The VAE that all arms share, and its training with each estimator."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final

import torch

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.validation import to_float
from aeviz.experiments.reparameterise.parameters import BATCH, Parameters
from aeviz.nn.estimators import Estimator, surrogate
from aeviz.nn.model import Autoencoder

RATES: Final = (0.001, 0.002, 0.004)
"""Learning rates of Adam. Each arm uses the one that is better on the validation images."""


def config(params: Parameters, lr: float = RATES[0]) -> RunConfig:
    """The settings of the VAE. Batch normalisation would mix the draws of different images."""
    return RunConfig(type="vae", dataset=params.dataset).replace(
        **{
            "network.hidden": [200],
            "bottleneck.kind": "gaussian",
            "bottleneck.latent_dim": params.size,
            "training.batch_size": BATCH,
            "training.lr": lr,
        }
    )


def steps(
    model: Autoencoder,
    dataset: Dataset,
    kind: Estimator,
    samples: int,
    lr: float,
    seed: int,
    count: int,
) -> Iterator[int]:
    """Trains `model` with Adam; yields the number of each step that is done.

    It stands beside `aeviz.training.loop` because there the gradient always passes through z.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr)
    order = torch.Generator().manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    images, done = dataset.train.images, 0
    while done < count:
        for index in torch.randperm(len(images), generator=order).split(BATCH):
            if done == count or len(index) < min(BATCH, len(images)):
                break
            loss, _ = surrogate(model, to_float(images[index]), kind, samples, draws)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1_000.0)
            optimizer.step()
            done += 1
            yield done


def start(params: Parameters, dataset: Dataset, seed: int) -> Autoencoder:
    """The weights that all arms of a seed start from. The decoder starts at the mean image, so that
    the first steps are not spent on learning that most pixels are black."""
    made = config(params).replace(**{"training.seed": seed})
    model = Autoencoder(made, dataset.image_shape)
    mean = to_float(dataset.train.images).mean(0).clamp(0.01, 0.99)
    last = [module for module in model.decoder.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.bias.copy_(torch.logit(mean).flatten())
    return copy.deepcopy(model)
