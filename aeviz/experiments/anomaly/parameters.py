"""The arms: networks and simple methods, each with its scores; which class is normal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

NETWORKS: Final = ("AE", "VAE", "DAE")
SCORES: Final = {
    "AE": ("error", "relative error", "latent distance"),
    "VAE": ("error", "relative error", "latent distance", "-ELBO"),
    "DAE": ("error", "relative error", "latent distance"),
}
PLAIN: Final = (
    "PCA error",
    "PCA relative error",
    "kNN distance",
    "kNN relative distance",
    "isolation forest",
    "one-class SVM",
    "LOF",
)
MAIN: Final = (
    "AE error",
    "AE relative error",
    "VAE relative error",
    "VAE -ELBO",
    "DAE relative error",
    "PCA relative error",
    "kNN relative distance",
    "isolation forest",
    "one-class SVM",
    "LOF",
)
"""In the first chart; the other scores are in one of their own."""
COMPARED: Final = ("AE error", "AE relative error", "PCA relative error")
"""Beside each other in the chart of all classes."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    setup: str = p.choice(
        "one-normal",
        "Normal images",
        "one-normal: one class is normal, all others are anomalies. one-anomalous: the other way "
        "round.",
        ("one-normal", "one-anomalous"),
    )
    only: int = p.number(
        -1, "Class", "The class, counted from 0. -1: the first ten, one after the other.", -1, 999
    )
    networks: tuple[str, ...] = p.choices(
        NETWORKS, "Networks", "Beside the simple methods.", NETWORKS
    )
    size: int = p.number(16, "Code size", "How many numbers the code has.", 1, 256)
    steps: int = p.number(200, "Training steps", "The same for each network.", 20, 100_000)
    flagged: float = p.number(
        5.0, "Alarms", "How many of 100 normal images may be flagged.", 0.5, 50.0
    )
    split: str = p.split()
    images: int = p.pooled_images()
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    classes = len(datasets.find(params.dataset).class_names)
    if params.only >= classes:
        raise UserError(f"Class (only) must be below {classes}, the number of classes.")
