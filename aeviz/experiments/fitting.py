"""Train a model for an experiment, and get its codes and images.

All trainings go through `aeviz.training.loop`, as those of the Train page do.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import OrderedDict

from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.device import pick_device
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import encode_all
from aeviz.evaluation.validation import to_float
from aeviz.nn.model import Autoencoder
from aeviz.presets.defaults import epochs_for
from aeviz.training.fit import fit
from aeviz.training.state import begin

_KEPT = 4
_trained: OrderedDict[tuple[str, str], Autoencoder] = OrderedDict()


def fitted(config: RunConfig, dataset: Dataset, steps: int, seed: int = 0) -> Autoencoder:
    """A model trained for `steps` optimizer steps (rounded to whole epochs), in eval mode, on the
    device of the configuration.

    The last few are kept in memory by configuration and data, so that tasks that share a model
    train it once. UserError if the training diverges.
    """
    epochs = epochs_for(steps, len(dataset.train), config.training.batch_size)
    config = config.replace(
        **{"training.epochs": epochs, "training.seed": seed, "dataset": dataset.name}
    )
    key = (config.to_json(), f"{dataset.sha256} {len(dataset.train)}")
    if key in _trained:
        _trained.move_to_end(key)
        return _trained[key]
    state = begin(config, dataset, pick_device(config.training.device))
    outcome = fit(state, dataset)
    if outcome.reason != "done":
        raise UserError(outcome.message)
    model = state.model.eval().requires_grad_(False)
    _trained[key] = model
    while len(_trained) > _KEPT:
        _trained.popitem(last=False)
    return model


def first(dataset: Dataset, images: int) -> Dataset:
    """The data set with its first `images` training images only."""
    return dataclasses.replace(dataset, train=dataset.train.take(slice(0, images)))


def with_train(dataset: Dataset, index: Tensor) -> Dataset:
    """The data set with these training images only."""
    return with_splits(dataset, dataset.train.take(index), dataset.validation)


def with_splits(dataset: Dataset, train: Split, validation: Split) -> Dataset:
    """The data set with these images to learn from and to validate with. Its checksum changes with
    them, so that `fitted` tells it from the whole one."""
    digest = hashlib.sha256(dataset.sha256.encode())
    digest.update(train.images.contiguous().numpy().data)
    return dataclasses.replace(
        dataset, train=train, validation=validation, sha256=digest.hexdigest()
    )


def pixels(split: Split) -> Tensor:
    """The images as rows, (N, C * H * W) float32 in [0, 1]."""
    return to_float(split.images).flatten(1)


def codes(model: Autoencoder, split: Split) -> Tensor:
    """The codes (of a VAE: the posterior means) of a split, (N, d) float32 on the CPU."""
    return encode_all(model, split)[0]
