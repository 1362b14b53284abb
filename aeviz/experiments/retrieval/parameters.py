"""The arms: pixels, codes and bits; the code sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

ARMS: Final = {
    "pixels": "pixels",
    "pca": "PCA",
    "ae": "AE",
    "vae": "VAE",
    "pca-median": "PCA bits (median)",
    "pca-itq": "PCA bits (ITQ)",
    "ae-median": "AE bits (median)",
    "ae-itq": "AE bits (ITQ)",
}
MODELS: Final = ("pixels", "pca", "ae", "vae")
"""Each is one task; its bits go with it."""
NETWORKS: Final = ("AE", "VAE", "AE bits (median)", "AE bits (ITQ)")
FOCUS = 16
"""Numbers in the code at which the claim is judged."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    arms: tuple[str, ...] = p.choices((*ARMS,), "Arms", "What is compared.", (*ARMS,))
    sizes: tuple[int, ...] = p.numbers(
        (4, 8, 16, 32), "Code sizes", "How many numbers, or bits, the code has.", 1, 512, 8
    )
    steps: int = p.number(320, "Training steps", "The same for each network.", 20, 100_000)
    split: str = p.split()
    images: int = p.pooled_images()
    seeds: int = p.seeds(3)


def check(params: Parameters) -> None:
    shape = datasets.find(params.dataset).image_shape
    if params.sizes[-1] > shape[0] * shape[1] * shape[2]:
        raise UserError("A code (sizes) must not have more numbers than an image has pixels.")
    if not any(ARMS[arm] in NETWORKS for arm in params.arms):
        raise UserError("Compare at least one arm of an AE or a VAE: name it in Arms (arms).")
    if "pixels" not in params.arms:
        raise UserError("The claim compares codes with pixels: name pixels in Arms (arms), too.")
    for what, kind in (("bits", True), ("numbers", False)):
        arms = [arm for arm in params.arms if arm != "pixels" and is_bits(ARMS[arm]) == kind]
        if arms and not any(model_of(arm) == "pca" for arm in arms):
            raise UserError(
                f"The claim compares {what} of a network with {what} of PCA: name an arm of PCA "
                f"with {what} in Arms (arms), too."
            )


def focus_of(params: Parameters) -> int:
    """The size that is nearest to `FOCUS`."""
    return min(params.sizes, key=lambda size: abs(size - FOCUS))


def network_of(params: Parameters) -> str:
    """The network that is stored: the AE, or the VAE if there is no AE."""
    return "ae" if any(model_of(arm) == "ae" for arm in params.arms) else "vae"


def is_bits(name: str) -> bool:
    """Whether an arm's code is bits, not numbers."""
    return "bits" in name


def model_of(arm: str) -> str:
    """The model whose codes an arm uses: "ae" of "ae-itq"."""
    return arm.split("-")[0]
