"""Networks of each depth, the guards, and the images that they see."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import torch

from aeviz.config import BottleneckConfig, LossConfig, NetworkConfig, RunConfig, TrainingConfig
from aeviz.datasets import Dataset
from aeviz.experiments.capacity.parameters import PLAIN, Parameters
from aeviz.experiments.fitting import with_train

BATCH = 32
WATCHED = 64
"""Validation images after each epoch of a training: an epoch of 50 images is short."""


def drawn(dataset: Dataset, count: int, seed: int) -> Dataset:
    """The data set with `count` training images, redrawn for each seed, and few validation images,
    which are measured after each epoch."""
    chance = torch.Generator().manual_seed(seed)
    index = torch.randperm(len(dataset.train), generator=chance)[:count]
    few = with_train(dataset, index)
    return dataclasses.replace(few, validation=dataset.validation.take(slice(0, WATCHED)))


def config(params: Parameters, depth: int, size: int) -> RunConfig:
    """A dense network with `depth` hidden layers on each side. Batch norm, so that six layers train
    as well as one."""
    return RunConfig(
        dataset=params.dataset,
        network=NetworkConfig(hidden=(params.width,) * depth, norm="batch"),
        bottleneck=BottleneckConfig(latent_dim=size),
        loss=LossConfig(reconstruction="mse"),
        training=TrainingConfig(
            lr=0.004, batch_size=BATCH, beta2=0.98, schedule="one-cycle", precision="fp32"
        ),
    )


def code_sizes(shape: tuple[int, int, int]) -> dict[str, tuple[int, ...]]:
    """Wide codes, and what counts as narrow: a twenty-fourth of the image's numbers, or fewer."""
    values = math.prod(shape)
    narrow = (max(2, values // 96), max(4, values // 24))
    return {PLAIN: (max(8, min(values // 3, 512)),), "narrow code": narrow}


def settings_of(
    params: Parameters, guard: str, shape: tuple[int, int, int]
) -> list[tuple[float, RunConfig]]:
    """What a guard may choose among on the validation images: (its strength, the settings)."""
    sizes = code_sizes(shape)
    if guard in sizes:
        return [(size, config(params, params.guard_depth, size)) for size in sizes[guard]]
    wide = config(params, params.guard_depth, sizes[PLAIN][0])
    share = math.prod(shape) / 784

    def changed(strengths: tuple[float, ...], key: str, **changes: Any) -> list[Any]:
        fixed: Mapping[str, Any] = {name.replace("__", "."): v for name, v in changes.items()}
        return [(value, wide.replace(**fixed, **{key: value})) for value in strengths]

    if guard == "noise":
        return changed((0.1, 0.3), "corruption.amount", corruption__kind="gaussian")
    if guard == "sparse":
        weights = tuple(float(f"{weight * min(share, 1) ** 0.5:.2g}") for weight in (0.01, 0.1))
        relu = {"bottleneck__activation": "relu", "loss__penalty": "l1"}
        return changed(weights, "loss.weight", **relu)
    # The penalty forbids batch norm, and its time goes with the size of the code.
    small = {"network__norm": "none", "bottleneck__latent_dim": sizes["narrow code"][-1]}
    return changed(
        (0.01, 0.1), "loss.weight", **small, loss__penalty="contractive", training__lr=0.002
    )
