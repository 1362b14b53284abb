"""The arms: PCA and networks; the code sizes and the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

ARMS: Final = {
    "pca": "PCA",
    "linear": "linear",
    "dense": "dense",
    "conv": "conv",
    "vae": "VAE",
}


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    arms: tuple[str, ...] = p.choices(
        ("pca", "linear", "dense", "vae"), "Arms", "What is compared.", (*ARMS,)
    )
    sizes: tuple[int, ...] = p.numbers(
        (2, 8, 32, 128), "Code sizes", "How many numbers the code has.", 1, 1024, 12
    )
    network: str = p.choice(
        "small",
        "Dense network",
        "small: one hidden layer, of 128 units (VAE: 256). large: two, of 512 and 256 units.",
        ("small", "large"),
    )
    steps: int = p.number(
        320, "Training steps", "The same for each network and each size.", 20, 100_000
    )
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    if "pca" not in params.arms or not {"dense", "conv", "vae"} & set(params.arms):
        raise UserError(
            "Compare PCA with a network that is not linear: name pca and dense, conv or vae in "
            "Arms (arms)."
        )
    values = datasets.find(params.dataset).image_shape
    if params.sizes[-1] > 2 * values[0] * values[1] * values[2]:
        raise UserError(
            "A code of more than twice the numbers of an image shows nothing new: choose smaller "
            "Code sizes (sizes)."
        )
