"""Denoise images with a small autoencoder; images of another shape are first fitted to its."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from torch import Tensor

from aeviz import images
from aeviz.evaluation.evaluate import reconstruct
from aeviz.nn.model import Autoencoder


@dataclass(frozen=True)
class Restored:
    """x (C, H, W), the model's input, and x_hat (C, H, W), its output, both in [0, 1]."""

    x: Tensor
    x_hat: Tensor
    notes: tuple[str, ...]


def denoise(model: Autoencoder, data: bytes) -> Restored:
    """Decodes an uploaded image, fits it to the model and restores it.

    `notes` are sentences to show beside the result, such as what was changed to make the image fit.
    Raises UserError if aeviz cannot read the upload.
    """
    decoded = images.decode(data)
    x, notes = images.to_tensor(decoded, model.image_shape)
    return Restored(x, reconstruct(model, x[None])[0], (*decoded.notes, *notes))


def unique_name(name: str, taken: set[str]) -> str:
    """`name`, or `name-2`, `name-3`, ... if it is taken; adds the result to `taken`. Names that
    differ only in case count as equal, as they do on many file systems."""
    path, number = PurePath(name), 2
    while name.casefold() in taken:
        name = f"{path.stem}-{number}{path.suffix}"
        number += 1
    taken.add(name.casefold())
    return name
