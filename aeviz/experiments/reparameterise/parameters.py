"""The estimators of the gradient, and the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p
from aeviz.nn.estimators import Estimator

ARMS: Final[dict[Estimator, str]] = {
    "pathwise": "with the trick",
    "score": "score function",
    "score-baseline": "score function, baseline",
    "cut": "no gradient",
}
WITH: Final = ARMS["pathwise"]
WITHOUT: Final = (ARMS["score"], ARMS["score-baseline"])
BATCH: Final = 100
POINTS: Final = 8
"""Measurements on the way through a training."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    size: int = p.number(20, "Code size", "How many numbers the code has.", 1, 64)
    samples: int = p.number(
        1, "Samples", "How many codes are drawn per image in each training step.", 1, 64
    )
    noise_samples: tuple[int, ...] = p.numbers(
        (1, 4, 16),
        "Samples, for the noise",
        "The noise is measured with each.",
        1,
        256,
        6,
    )
    steps: int = p.number(300, "Training steps", "The same for each arm.", POINTS, 20_000)
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    if datasets.find(params.dataset).counts[0] < BATCH:
        raise UserError(
            f"Training needs at least {BATCH} training images: choose another data set."
        )
