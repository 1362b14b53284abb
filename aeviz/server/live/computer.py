"""The batcher's array interface to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aeviz.nn.model import Autoencoder


class ModelComputer:
    """An `Autoencoder` with arrays in and arrays out, on the model's own device."""

    def __init__(self, model: Autoencoder) -> None:
        self._model = model
        self._device = next(model.parameters()).device

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(n, latent_dim) codes -> (n, H, W, C) pixels."""
        import torch

        with torch.inference_mode():
            z = torch.from_numpy(np.ascontiguousarray(codes)).to(self._device)
            return _pixels(self._model.decode(z))

    def encode(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """(n, H, W, C) pixels in [0, 1] -> (n, latent_dim) codes, (n, H, W, C) pixels."""
        import torch

        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
            z = self._model.encode(x.to(self._device))
            return z.float().cpu().numpy(), _pixels(self._model.decode(z))


def _pixels(x_hat: Any) -> NDArray[np.uint8]:
    """(n, C, H, W) values in [0, 1] -> uint8 (n, H, W, C); NaN becomes black."""
    import torch

    scaled = x_hat.float().nan_to_num(0.0).clamp(0, 1).mul(255).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
