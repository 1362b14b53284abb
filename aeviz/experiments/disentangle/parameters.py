"""The weights of the KL, and the factor that must have a dimension of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.datasets import shapes
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

FACTORS: Final = ("all", "shape", *shapes.FACTORS)


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset("shapes")
    betas: tuple[float, ...] = p.numbers(
        (1.0, 8.0, 16.0),
        "Weights of the KL",
        "Name 1, the ordinary VAE, and larger ones.",
        1,
        100,
        8,
    )
    factor: str = p.choice(
        "all", "Factor", "Which true factor must have a dimension of its own.", FACTORS
    )
    network: str = p.choice(
        "dense", "Network", "A dense one is faster, a conv one is better.", ("dense", "conv")
    )
    size: int = p.number(6, "Code size", "How many numbers the code has.", 2, 32)
    images: int = p.number(
        8000, "Training images", "The first images of the training set.", 500, 16_000
    )
    steps: int = p.number(600, "Training steps", "The same for each weight.", 20, 100_000)
    seeds: int = p.seeds(5)


def check(params: Parameters) -> None:
    source = datasets.find(params.dataset)
    if 1.0 not in params.betas or len(params.betas) < 2:
        raise UserError(
            "Compare beta = 1 with larger ones: name both in Weights of the KL (betas)."
        )
    if params.factor != "all" and params.factor not in source.factor_names:
        there = ", ".join(source.factor_names)
        raise UserError(
            f"{source.title} has no factor called {params.factor}: choose one of {there}."
        )


def arm_of(beta: float) -> str:
    """What a weight is called in rows and charts."""
    return f"beta {beta:g}"
