"""The depths, the numbers of images, and the guards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

PLAIN: Final = "wide code"
GUARDS: Final = ("narrow code", "sparse", "noise", "contractive")


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    depths: tuple[int, ...] = p.numbers(
        (1, 3, 6), "Layers", "Hidden layers on each side of the code.", 1, 8, 6
    )
    images: tuple[int, ...] = p.numbers(
        (50, 500, 4000), "Training images", "How many images each network sees.", 10, 60_000, 6
    )
    width: int = p.number(192, "Width", "Units of each hidden layer.", 8, 1024)
    guards: tuple[str, ...] = p.choices(
        GUARDS[:3], "Guards", "What is said to prevent memorising.", GUARDS
    )
    guard_images: int = p.number(
        200, "Images for the guards", "Training images of the comparison of guards.", 10, 60_000
    )
    guard_depth: int = p.number(
        3, "Layers for the guards", "Hidden layers in the comparison of guards.", 1, 8
    )
    steps: int = p.number(400, "Training steps", "The same for each network.", 20, 100_000)
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    if "narrow code" not in params.guards:
        raise UserError("The claim is about a narrow code: name it in Guards (guards).")
    if len(params.depths) < 2:
        raise UserError("Name at least two numbers of layers in Layers (depths) to compare.")


def counts(params: Parameters) -> list[int]:
    """The numbers of training images; the data set's own number instead of larger ones."""
    there = datasets.find(params.dataset).counts[0]
    return sorted({min(count, there) for count in params.images})


def layers(depth: int) -> str:
    """What a network of this depth is called in rows and charts."""
    return f"{depth} layer{'s' * (depth != 1)}"
