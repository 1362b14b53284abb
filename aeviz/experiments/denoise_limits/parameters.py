"""The denoiser and its rivals; the kind and the amounts of noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz.experiments import parameters as p

DENOISER, PLAIN = "denoising autoencoder", "plain autoencoder"
NOISY, AVERAGE, FILTER, PCA = "noisy image", "average image", "median filter", "PCA"
RIVALS: Final = (NOISY, AVERAGE, FILTER, PCA)


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    kind: str = p.choice(
        "gaussian",
        "Noise",
        "Gaussian: added to each pixel. Salt and pepper: pixels become black or white. Masking: "
        "pixels become black.",
        ("gaussian", "salt-and-pepper", "masking"),
    )
    amounts: tuple[float, ...] = p.numbers(
        (0.2, 0.3, 0.5, 0.7, 0.9),
        "Amounts of noise",
        "Gaussian: the standard deviation; black to white is 1. Else the share of pixels hit.",
        0,
        1,
        13,
    )
    trained: float = p.number(
        0.5, "Noise in training", "The one amount that the denoiser is trained with.", 0.05, 1
    )
    steps: int = p.number(600, "Training steps", "The same for both networks.", 20, 100_000)
    seeds: int = p.seeds(3)
