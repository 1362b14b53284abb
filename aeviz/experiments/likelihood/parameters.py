"""The code sizes, the numbers of samples, and the kind of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz.errors import UserError
from aeviz.experiments import parameters as p

EXACT: Final = ", exact"
PIXELS: Final = ("drawn", "threshold", "grey")


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    sizes: tuple[int, ...] = p.numbers(
        (2, 20), "Code sizes", "How many numbers the code has.", 1, 256, 4
    )
    counts: tuple[int, ...] = p.numbers(
        (1, 5, 50, 500, 5000), "Samples", "How many importance samples a bound uses.", 1, 10_000, 8
    )
    pixels: str = p.choice(
        "drawn",
        "Pixels",
        "drawn: white with the probability of the grey level. threshold: white from the middle "
        "grey on. grey: as they are, which is no likelihood.",
        PIXELS,
    )
    images: int = p.number(
        40, "Test images", "How many are measured, taken evenly from the test set.", 10, 10_000
    )
    steps: int = p.number(500, "Training steps", "The same for each code size.", 20, 400_000)
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    if len(params.counts) < 2 or params.counts[0] > 1:
        raise UserError(
            "Compare 1 sample, which is the ELBO, with more: name both in Samples (counts)."
        )


def arm_of(size: int) -> str:
    """What a code size is called in rows and charts."""
    return f"{size} number{'s' * (size != 1)}"


def measure_of(params: Parameters) -> str:
    """The column of the bounds. With grey pixels they bound no likelihood."""
    return "grey_loss" if params.pixels == "grey" else "nll"
