"""The code size, the ReLU, and the steps after which the network is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

RELUS: Final = ("none", "code", "hidden")
HIDDEN = 128
"""ReLU units of the hidden layer on each side, if there is one."""
PER_DECADE = 4
PCA = "PCA"
AXES: Final = ("as learned", "largest variance")


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    images: int = p.number(
        4_000, "Training images", "The network and PCA see the same ones.", 20, 60_000
    )
    size: int = p.number(16, "Code size", "How many numbers the code has.", 1, 64)
    steps: int = p.number(1500, "Training steps", "How long each network trains.", 50, 100_000)
    relu: str = p.choice(
        "none",
        "ReLU",
        "Where the network is not linear: nowhere, at the code, or in one hidden layer on each "
        f"side of {HIDDEN} units.",
        RELUS,
    )
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    source = datasets.find(params.dataset)
    most = min(math.prod(source.image_shape), source.counts[0], params.images) - 1
    if params.size > most:
        raise UserError(
            f"A code of {params.size} numbers can copy each of these images of {source.title}: "
            f"choose a code size (size) of at most {most}."
        )


def arm(params: Parameters) -> str:
    """What the network is called in rows and charts."""
    return {"none": "linear", "code": "ReLU code", "hidden": "ReLU layer"}[params.relu]


def measured_at(params: Parameters) -> list[int]:
    """The steps after which the network is measured, evenly apart on a logarithmic axis."""
    count = 1 + round(PER_DECADE * math.log10(params.steps))
    places = torch.logspace(0, math.log10(params.steps), count, dtype=torch.float64)
    return sorted({*places.round().int().tolist()} | {params.steps})
