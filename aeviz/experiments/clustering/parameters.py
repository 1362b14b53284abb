"""What is clustered, and how; the networks and the images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

METHODS: Final = {
    "pixels": ("k-means",),
    "PCA": ("k-means", "Gaussian mixture"),
    "AE": ("k-means", "Gaussian mixture", "HDBSCAN"),
    "VAE": ("k-means", "Gaussian mixture"),
    "UMAP of pixels": ("Gaussian mixture",),
    "UMAP of AE": ("Gaussian mixture",),
}
"""What is clustered, and how."""
MAPPED: Final = {"AE": "k-means", "VAE": "k-means", "UMAP of AE": "Gaussian mixture"}
"""Codes that are drawn in the plane, and the clusters in which."""
TABLED: Final = {"pixels": "k-means", **MAPPED}
"""What has a table of clusters against classes, and of which clusters."""
FEWEST_PER_CLASS = 3


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    images: int = p.number(
        3000,
        "Images",
        "How many are drawn for each seed, to learn from and to cluster.",
        60,
        70_000,
    )
    spaces: tuple[str, ...] = p.choices(
        (*METHODS,), "What is clustered", "Pixels and codes.", (*METHODS,)
    )
    judged: str = p.choice("AE", "Claim about", "The codes that the claim is about.", ("AE", "VAE"))
    size: int = p.number(10, "Code size", "How many numbers the code has; PCA has as many.", 2, 256)
    network: str = p.choice(
        "small",
        "Networks",
        "small: one hidden layer, of 256 units. large: three, of 500, 500 and 2,000 units.",
        ("small", "large"),
    )
    scale: str = p.choice(
        "as they are",
        "Codes",
        "as they are: directions with a large spread count more. equal spreads: each number is "
        "divided by its spread.",
        ("as they are", "equal spreads"),
    )
    steps: int = p.number(400, "Training steps", "The same for both networks.", 20, 200_000)
    seeds: int = p.seeds(5)


def check(params: Parameters) -> None:
    source = datasets.find(params.dataset)
    classes = len(source.class_names)
    if min(params.images, sum(source.counts)) < FEWEST_PER_CLASS * classes:
        raise UserError(
            f"{classes} classes need at least {FEWEST_PER_CLASS * classes} images: choose more "
            "Images (images), or choose another data set."
        )
    if params.judged not in params.spaces:
        raise UserError(
            f"The claim is about {params.judged}: name it in What is clustered (spaces), too."
        )
    if "pixels" not in params.spaces:
        raise UserError(
            "The claim compares codes with pixels: name pixels in What is clustered (spaces), too."
        )
    shape = source.image_shape
    if params.size > shape[0] * shape[1] * shape[2]:
        raise UserError("A code (size) must not have more numbers than an image has pixels.")
