"""The shapes, the methods, and how many points they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz.errors import UserError
from aeviz.experiments import parameters as p
from aeviz.experiments.surfaces import SHAPES

AE: Final = "autoencoder"
ARMS: Final = {
    "pca": "PCA",
    "ae": AE,
    "kernel-pca": "kernel PCA",
    "isomap": "Isomap",
    "lle": "LLE",
    "t-sne": "t-SNE",
    "umap": "UMAP",
}
WITH_WAY_BACK: Final = ("pca", "ae", "kernel-pca")
BATCH: Final = 256


@dataclass(frozen=True)
class Parameters:
    shape: str = p.choice("s-curve", "Shape", "The surface that the points lie on.", (*SHAPES,))
    arms: tuple[str, ...] = p.choices((*ARMS,), "Methods", "What is compared.", (*ARMS,))
    points: int = p.number(800, "Points", "Points that each method sees.", 100, 5_000)
    width: int = p.number(
        64, "Width", "Units of each of the autoencoder's two hidden layers.", 4, 512
    )
    steps: int = p.number(
        2_000, "Training steps", f"Of the autoencoder, {BATCH} points each.", 50, 100_000
    )
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    if not {"pca", "ae"} <= {*params.arms}:
        raise UserError("Compare the autoencoder with PCA at least: name both in Methods (arms).")
