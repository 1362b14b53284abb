"""Denoising images of a small model's own shape; others are fitted to it, with a note."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from torch import Tensor

from aeviz import images
from aeviz.evaluation.evaluate import reconstruct
from aeviz.nn.model import Autoencoder


@dataclass(frozen=True)
class Restored:
    """x (C, H, W), what the model was given; x_hat (C, H, W), what it made of it; in [0, 1]."""

    x: Tensor
    x_hat: Tensor
    notes: tuple[str, ...]


def denoise(model: Autoencoder, data: bytes) -> Restored:
    """Decodes an uploaded image, fits it to the model and restores it.

    `notes` are the sentences to show beside the result: what was changed to make it fit. Raises
    UserError where the upload is no image that aeviz reads.
    """
    decoded = images.decode(data)
    x, notes = images.to_tensor(decoded, model.image_shape)
    return Restored(x, reconstruct(model, x[None])[0], (*decoded.notes, *notes))


def unique_name(name: str, taken: set[str]) -> str:
    """`name`, or `name-2`, `name-3`, ... where that is taken; adds it to `taken`. Names that differ
    in case alone are one to many disks, and so here."""
    path, number = PurePath(name), 2
    while name.casefold() in taken:
        name = f"{path.stem}-{number}{path.suffix}"
        number += 1
    taken.add(name.casefold())
    return name
