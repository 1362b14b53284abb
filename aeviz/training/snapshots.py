"""Snapshots: what a run shows of itself after each epoch, small enough to keep for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from aeviz import atomic
from aeviz.datasets import Split
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import encode_all, reconstruct
from aeviz.evaluation.validation import to_float
from aeviz.latent.projection import PCA2
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder

EXAMPLES = 8
MAP_POINTS = 1_000
MAP_VALUES = 128_000
"""Numbers in one snapshot's latents, 256 kB: fewer images where codes are wide."""
MOST = 100
"""Snapshots kept of one run. Longer runs keep every 2nd, 4th, 8th, ... epoch, and the newest."""


@dataclass(frozen=True)
class Snapshot:
    """x, x_in, x_hat uint8 (8, C, H, W): validation images, as the network got them, and as it
    rebuilt them; latents float16 (M, d) and labels (M,) of the first M validation images."""

    epoch: int
    x: NDArray[np.uint8]
    x_in: NDArray[np.uint8]
    x_hat: NDArray[np.uint8]
    latents: NDArray[np.float16]
    labels: NDArray[np.int16]


def write(folder: Path, epoch: int, epochs: int, model: Autoencoder, split: Split) -> None:
    """Takes the snapshot of `epoch` and drops the one before where it is not to be kept."""
    was_training = model.training
    model.eval()
    points = min(MAP_POINTS, max(EXAMPLES, MAP_VALUES // model.latent_dim))
    seen = split.take(slice(0, points))
    x = to_float(seen.images[:EXAMPLES])
    x_in = corrupt(x, model.config.corruption, torch.Generator().manual_seed(0))
    tensors = {
        "x": _bytes(x),
        "x_in": _bytes(x_in),
        "x_hat": _bytes(reconstruct(model, x_in)),
        "latents": encode_all(model, seen)[0].half(),
        "labels": seen.labels.to(torch.int16),
    }
    model.train(was_training)
    with atomic.in_words(f"{folder} cannot be made"):
        folder.mkdir(exist_ok=True)  # but never anew the run's folder that it lies in
    atomic.write_bytes(_path(folder, epoch), safetensors.torch.save(tensors), new_folder=False)
    if epoch > 0 and not kept(epoch - 1, epochs):
        with atomic.in_words(f"{folder} cannot be written"):
            _path(folder, epoch - 1).unlink(missing_ok=True)


def kept(epoch: int, epochs: int) -> bool:
    """Whether a run of so many epochs keeps this one's snapshot for good."""
    stride = 1
    while epochs // stride + 1 > MOST:
        stride *= 2
    return epoch % stride == 0


def read(path: Path) -> Snapshot:
    """Raises UserError where the file is damaged, or gone."""
    try:
        return Snapshot(int(path.stem.removeprefix("epoch-")), **load_file(path))
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise UserError(f"The snapshot {path.name} cannot be read.") from error


def latent_map(latents: NDArray[np.float16], before: NDArray[np.float32] | None) -> NDArray:
    """Places (M, 2) of codes on their plane of largest variance.

    The plane's axes are free to turn and flip from epoch to epoch; where the places `before` are
    known, the new ones are turned to lie as near to them as they can (orthogonal Procrustes,
    Schönemann 1966). Codes of one or two dimensions are drawn as they are.
    """
    codes = latents.astype(np.float32)
    places = PCA2.fit(codes).project(codes)
    if before is None or codes.shape[1] <= 2 or before.shape != places.shape:
        return places
    u, _, vt = np.linalg.svd((places - places.mean(0)).T @ (before - before.mean(0)))
    return (places @ u @ vt).astype(np.float32)


def _path(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:05d}.safetensors"


def _bytes(x: torch.Tensor) -> torch.Tensor:
    return (x * 255).round().to(torch.uint8)
