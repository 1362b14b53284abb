"""The networks, the rates, and the images that are tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

ARMS: Final = {"dense": "dense", "vae": "VAE"}
TESTED: Final = ("own", "inverted", "turned", "noise")


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    arms: tuple[str, ...] = p.choices(
        ("dense", "vae"), "Networks", "Whose codes are compressed, beside those of PCA.", (*ARMS,)
    )
    bits: tuple[int, ...] = p.numbers(
        (16, 32, 64, 128), "Bits per image", "How many bits an image may take.", 4, 4096, 8
    )
    sizes: tuple[int, ...] = p.numbers(
        (8, 16, 32),
        "Code sizes",
        "How many numbers a network's code has. The best size for each rate is chosen on the "
        "validation images.",
        1,
        256,
        6,
    )
    tested: str = p.choice(
        "own",
        "Tested on",
        "Test images of the same kind as in training; or inverted, turned upside down, or noise.",
        TESTED,
    )
    steps: int = p.number(600, "Training steps", "The same for each network.", 20, 100_000)
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    channels, height, width = datasets.find(params.dataset).image_shape
    if params.sizes[-1] > channels * height * width:
        raise UserError(
            "A code with more numbers than the image has pixels does not compress: choose smaller "
            "Code sizes (sizes)."
        )
