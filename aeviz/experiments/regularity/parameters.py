"""The models, and the ways to draw an autoencoder's codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz.experiments import parameters as p

SAMPLERS: Final = {
    "prior": "AE + N(0, I)",
    "gaussian": "AE + Gaussian",
    "mixture": "AE + mixture",
}
MODELS: Final = {"ae": "AE", "vae": "VAE", "beta-vae": "beta-VAE"}


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    size: int = p.number(8, "Code size", "How many numbers the code has.", 2, 64)
    sampler: str = p.choice(
        "prior",
        "The autoencoder's codes are drawn from",
        "Which of the three ways counts in the verdict: the standard normal, a Gaussian or a "
        "mixture that is fitted to its codes.",
        (*SAMPLERS,),
    )
    beta: float = p.number(4.0, "beta", "Weight of the KL of the beta-VAE.", 0.0, 100.0)
    steps: int = p.number(800, "Training steps", "The same for each model.", 20, 100_000)
    seeds: int = p.seeds(3)
