"""Snapshots: what a run's page shows of each epoch; small enough to keep many of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from aeviz.datasets import Split
from aeviz.errors import UserError
from aeviz.evaluation.diagnostics import diagnose
from aeviz.evaluation.evaluate import encode_all, reconstruct
from aeviz.evaluation.validation import to_float
from aeviz.io import atomic, checksums
from aeviz.latent.plane import Manifold, aligned_plane, manifold
from aeviz.nn.corruptions import corrupt
from aeviz.nn.model import Autoencoder

EXAMPLES = 8
MAP_POINTS = 1_000
MAP_VALUES = 128_000
"""Numbers in one snapshot's latents (256 kB): fewer images if codes are wide."""
MAX_KEPT = 100
"""Snapshots kept of one run. Longer runs keep every 2nd, 4th, 8th, ... epoch, and the newest."""


@dataclass(frozen=True)
class Snapshot:
    """The snapshot of one epoch.

    x, x_in, x_hat: uint8 (8, C, H, W), validation images, the network's inputs and its
    reconstructions. latents: float16 (M, d), labels: (M,), of the first M validation images.
    places: (M, 2), the codes on a plane that turns as little as possible from epoch to epoch
    (`latent.plane`). manifold: the decoder's images over this plane. diagnostics: by name
    (`evaluation.diagnostics`). Snapshots of older versions have neither manifold nor diagnostics.
    """

    epoch: int
    x: NDArray[np.uint8]
    x_in: NDArray[np.uint8]
    x_hat: NDArray[np.uint8]
    latents: NDArray[np.float16]
    labels: NDArray[np.int16]
    places: NDArray[np.float32]
    manifold: Manifold | None = None
    diagnostics: dict[str, NDArray[Any]] = field(default_factory=dict)


def write(folder: Path, epoch: int, epochs: int, model: Autoencoder, split: Split) -> None:
    """Write the snapshot of `epoch`. Delete the previous one, unless `is_kept` says to keep it."""
    was_training = model.training
    model.eval()
    seen = split.take(slice(0, MAP_POINTS))
    x = to_float(seen.images[:EXAMPLES])
    x_in = corrupt(x, model.config.corruption, torch.Generator().manual_seed(0))
    mu, logvar = encode_all(model, seen)
    shown = mu[: max(EXAMPLES, MAP_VALUES // model.latent_dim)]
    plane = aligned_plane(shown, _places_before(folder, epoch))
    places = plane.project(shown)
    over = manifold(model, plane, places)
    tensors = {
        "x": _bytes(x),
        "x_in": _bytes(x_in),
        "x_hat": _bytes(reconstruct(model, x_in)),
        "latents": shown.half(),
        "labels": seen.labels[: len(shown)].to(torch.int16),
        "places": torch.from_numpy(places),
        "manifold.columns": torch.from_numpy(over.columns),
        "manifold.rows": torch.from_numpy(over.rows),
        "manifold.tiles": torch.from_numpy(over.tiles),
    }
    found = diagnose(model, seen, (mu, logvar)).tensors()
    tensors |= {f"diagnostics.{name}": value for name, value in found.items()}
    model.train(was_training)
    with atomic.in_words(f"{folder} cannot be created"):
        folder.mkdir(exist_ok=True)  # no parents: a run's folder that was removed stays removed
    atomic.write_bytes(path_of(folder, epoch), checksums.save(tensors), new_folder=False)
    before = [earlier for path in files(folder) if (earlier := epoch_of(path)) < epoch]
    if before and not is_kept(before[-1], epochs):
        with atomic.in_words(f"{folder} cannot be written"):
            path_of(folder, before[-1]).unlink(missing_ok=True)


def is_kept(epoch: int, epochs: int) -> bool:
    """Whether a run of `epochs` epochs keeps the snapshot of `epoch`."""
    stride = 1
    while epochs // stride + 1 > MAX_KEPT:
        stride *= 2
    return epoch % stride == 0


def files(folder: Path) -> list[Path]:
    """The snapshots in a folder, first epoch first. Other files are ignored."""
    return sorted(folder.glob(f"epoch-{'[0-9]' * 5}.safetensors"))


def path_of(folder: Path, epoch: int) -> Path:
    """The path of this epoch's snapshot, which may not exist."""
    return folder / f"epoch-{epoch:05d}.safetensors"


def stamp(path: Path) -> str:
    """The version of the file: it changes when the file does. UserError if there is no such
    file."""
    try:
        return str(path.stat().st_mtime_ns)
    except OSError as error:
        raise UserError(f"The snapshot {path.name} is no longer on the disk.") from error


def epoch_of(path: Path) -> int:
    """The epoch of a snapshot, from the file's name."""
    return int(path.stem.removeprefix("epoch-"))


def read(path: Path) -> Snapshot:
    """Read a snapshot. UserError if the file is damaged or does not exist."""
    complaint = f"The snapshot {path.name} cannot be read."
    checksums.check(path, complaint)
    try:
        tensors = load_file(path)
        groups: dict[str, dict[str, NDArray[Any]]] = {"": {}, "manifold": {}, "diagnostics": {}}
        for name, value in tensors.items():
            group, _, key = name.rpartition(".")
            groups[group][key] = value
        plain, over = groups[""], groups["manifold"]
        if "places" not in plain:
            plain["places"] = latent_map(plain["latents"], None)
        snapshot = Snapshot(
            epoch_of(path),
            **plain,
            manifold=Manifold(**over) if over else None,
            diagnostics=groups["diagnostics"],
        )
    except (OSError, SafetensorError, TypeError, ValueError, KeyError) as error:
        raise UserError(complaint) from error
    if not _fits(snapshot):
        raise UserError(complaint)
    return snapshot


def latent_map(
    latents: NDArray[np.float16], before: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Places (M, 2) of codes on their plane of largest variance, rotated to be as close as possible
    to the places `before`."""
    codes = latents.astype(np.float32)
    return aligned_plane(codes, before).project(codes)


def _places_before(folder: Path, epoch: int) -> NDArray[np.float32] | None:
    """The places in the previous snapshot; None if there is none, or it cannot be read."""
    earlier = [path for path in files(folder) if epoch_of(path) < epoch]
    try:
        return read(earlier[-1]).places if earlier else None
    except UserError:
        return None


def _fits(snapshot: Snapshot) -> bool:
    """Whether the shapes of the arrays match."""
    over = snapshot.manifold
    if snapshot.latents.ndim != 2 or not len(snapshot.latents):
        return False
    count = len(snapshot.latents)
    grid = over is None or (
        over.tiles.dtype == np.uint8
        and over.tiles.ndim == 5
        and over.rows.ndim == over.columns.ndim == 1
        and over.tiles.shape[:2] == (len(over.rows), len(over.columns))
    )
    return (
        snapshot.x.ndim == snapshot.x_hat.ndim == 4
        and snapshot.x.size > 0
        and snapshot.x.shape[1] in (1, 3)
        and snapshot.x.shape == snapshot.x_hat.shape == snapshot.x_in.shape
        and snapshot.x.dtype == snapshot.x_hat.dtype == np.uint8
        and snapshot.labels.shape == (count,)
        and snapshot.places.shape == (count, 2)
        and grid
    )


def _bytes(x: torch.Tensor) -> torch.Tensor:
    return (x * 255).round().to(torch.uint8)
