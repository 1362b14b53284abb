"""The weights of the KL."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aeviz.errors import UserError
from aeviz.experiments import parameters as p


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    betas: tuple[float, ...] = p.numbers(
        (0.0, 0.1, 1.0, 5.0, 20.0, 1000.0),
        "Weights of the KL",
        "0: only the reconstruction counts. 1,000: almost only the KL.",
        0,
        1000,
        12,
    )
    steps: int = p.number(320, "Training steps", "The same for each weight.", 20, 100_000)
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    if len(params.betas) < 3:
        raise UserError("Name at least three weights (betas): the two ends and one between them.")
    if params.betas[0] > 0:
        raise UserError("Name the weight 0 (betas), too: with it the reconstruction stands alone.")


def together(params: Parameters) -> float:
    """Of the weights between the two ends the one nearest to 1, which is the ELBO."""
    return min(params.betas[1:-1], key=lambda beta: abs(math.log(max(beta, 1e-9))))


def roles(params: Parameters) -> dict[float, str]:
    """The three weights that the claim is about, and what counts with each."""
    return {
        params.betas[0]: "reconstruction alone",
        together(params): "together",
        params.betas[-1]: "the KL alone",
    }


def arm_of(beta: float) -> str:
    """What a weight is called in rows and charts."""
    return f"beta {beta:g}"
