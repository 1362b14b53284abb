"""A Gaussian mixture over a model's codes, to draw from if the model has no prior."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from aeviz.errors import UserError

if TYPE_CHECKING:
    from aeviz.latent.space import Mixture
    from aeviz.models.checkpoint import Gallery

MAX_DRAWS: Final = 1024
MAX_SEED: Final = 2**31 - 1
# The most numbers to fit: takes a second or two on one core.
MAX_NUMBERS: Final = 160_000
MIN_CODES: Final = 2000
SEED: Final = 0


class CodeMixture:
    """The mixture fitted to a gallery's codes, once, at first use; thread-safe."""

    def __init__(self, name: str, gallery: Gallery | None) -> None:
        self._name = name
        self._gallery = gallery
        self._lock = threading.Lock()

    def draw(self, n: int, seed: int) -> bytes:
        """n codes as float32, little-endian (n, d): the same for the same seed.

        Dimensions that are never negative in the gallery (behind a ReLU) are clamped at 0. Raises
        UserError if the model has no codes to fit a mixture to.
        """
        with self._lock:
            mixture, minimum = self._fit
        draws = mixture.sample(n, torch.Generator().manual_seed(seed))
        return torch.maximum(draws, minimum).numpy().astype("<f4").tobytes()

    @cached_property
    def _fit(self) -> tuple[Mixture, Tensor]:
        from aeviz.latent.space import fit_mixture

        if self._gallery is None or len(self._gallery.latents) < 2:
            raise UserError(f"{self._name} has no gallery of codes: train it again to get one.")
        latents = self._gallery.latents.float().cpu()
        minimum = torch.where(latents.amin(0) >= 0, 0.0, -torch.inf)
        return fit_mixture(_subset(latents)), minimum


def _subset(latents: Tensor) -> Tensor:
    """A random subset of the codes (N, d), small enough to be fitted within a second or two."""
    count, width = latents.shape
    size = max(MIN_CODES, MAX_NUMBERS // width)
    if count <= size:
        return latents
    return latents[torch.randperm(count, generator=torch.Generator().manual_seed(SEED))[:size]]
