"""Restoring files with one model and one set of options, for `aeviz.cli.restore`."""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import aeviz
from aeviz import images
from aeviz.cli.terminal import read
from aeviz.device import pick_device, plain_memory_errors
from aeviz.errors import UserError
from aeviz.images.photo import read_photo, stretched_photo, write_photo
from aeviz.images.png import make_chunk
from aeviz.io import atomic
from aeviz.models import checkpoint, library
from aeviz.models.checkpoint import Loaded, LoadedRestorer
from aeviz.models.header import is_restorer
from aeviz.restoration import crops
from aeviz.restoration.findings import first_notes, noise_of
from aeviz.restoration.masks import check_share, read_mask
from aeviz.restoration.photo import restore_photo, vividness_of
from aeviz.restoration.tasks import TASKS, Task

Tiles = Callable[[int, int], None]
"""Called with the number of tiles done, and of all tiles."""

Job = tuple[Path, Path]
"""A file, and where its result goes."""
Outcome = dict[str, Any] | str
"""The JSON fields of a result, or why there is none."""
KEPT: Outcome = {"notes": (), "kept": True}
_AFTER_HEADER = 8 + 25  # a PNG file's signature and its first chunk


@dataclass(frozen=True)
class Work:
    """The model and options for all files; `key` is their hash, `model` the model's file."""

    model: Path
    loaded: Loaded | LoadedRestorer
    task: Task
    sigma: float | None
    mask: np.ndarray | None
    stretch: bool
    key: bytes

    def is_done(self, job: Job, data: bytes) -> bool:
        """Whether the result of this file's contents exists already."""
        return _carries(job[1], self._mark(data))

    def write(self, job: Job, data: bytes, png: bytes) -> None:
        """Write the result, with its mark."""
        marked = png[:_AFTER_HEADER] + self._mark(data) + png[_AFTER_HEADER:]
        atomic.write_bytes(job[1], marked)

    def made(
        self, data: bytes, on_tile: Tiles = lambda n, of: None
    ) -> tuple[bytes, dict[str, Any]]:
        """The result of a file's contents as PNG, and its JSON fields."""
        begun = time.perf_counter()
        with plain_memory_errors("Not enough memory for this photo: make it smaller."):
            png, figures = self._png(data, on_tile)
        return png, figures | {"seconds": round(time.perf_counter() - begun, 2), "kept": False}

    def _mark(self, data: bytes) -> bytes:
        return make_chunk(b"tEXt", b"aeviz\0" + _hash(self.key, data).hex().encode())

    def _png(self, data: bytes, on_tile: Tiles) -> tuple[bytes, dict[str, Any]]:
        if isinstance(self.loaded, Loaded):
            result = crops.denoise(self.loaded.model, data)
            return images.encode_png(result.x_hat), {"notes": result.notes}
        photo = read_photo(data)
        notes = first_notes(photo)
        photo = stretched_photo(photo) if self.stretch else photo
        sigma = round(noise_of(photo), 1)
        restored = restore_photo(
            self.loaded.model, self.task, photo, mask=self.mask, sigma=self.sigma,
            vividness=vividness_of(self.loaded.card),
            on_tile=lambda tile: on_tile(tile.done, tile.total),
        )  # fmt: skip
        megapixels = round(photo.pixels.shape[0] * photo.pixels.shape[1] / 1e6, 3)
        figures = {"notes": (*notes, *restored.notes), "sigma": sigma, "megapixels": megapixels}
        return write_photo(restored), figures


def prepare(args: argparse.Namespace) -> Work:
    """The model and the options, checked against each other."""
    name = args.model or TASKS[args.task or "denoise"].model
    path = Path(name)
    if path.suffix != ".safetensors" and not path.exists():
        path = library.find(name).path
    config = checkpoint.read_summary(path).config
    device = pick_device(args.device)
    loaded: Loaded | LoadedRestorer
    if is_restorer(config):
        possible = [task.name for task in TASKS.values() if task.damage == config.corruption.kind]
        if args.task not in (None, *possible):
            raise UserError(f"{name} is for another task: choose --task {possible[0]}.")
        task = TASKS[args.task or possible[0]]
        loaded = checkpoint.load_restorer(path, device)
    elif args.task in (None, "denoise") and args.sigma is None:
        task, loaded = TASKS["denoise"], checkpoint.load(path, device)
    else:
        raise UserError(
            f"{name} is a model for small images and can only denoise: leave out --model."
        )
    if args.sigma is not None and (task.name != "denoise" or not 0 < args.sigma <= 100):
        raise UserError("--sigma is a noise level above 0 and at most 100, for --task denoise.")
    if task.mask != (args.mask is not None):
        raise UserError("--task inpaint needs a --mask, an image with the part to fill in white.")
    mask_file = b"" if args.mask is None else read(args.mask)
    mask = read_mask(mask_file, args.mask_marks or "white") if mask_file else None
    if mask is not None and args.mask_marks is None:
        check_share(mask, "If it is, add --mask-marks black, else --mask-marks white.")
    options = (
        f"{aeviz.__version__} {task.name} {args.sigma} {args.mask_marks} {args.stretch}".encode()
    )
    return Work(
        path,
        loaded,
        task,
        args.sigma,
        mask,
        args.stretch,
        _hash(options, mask_file, path.read_bytes()),
    )


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def _carries(file: Path, mark: bytes) -> bool:
    """Whether the file is a result with this mark."""
    try:
        with file.open("rb") as opened:
            return opened.read(_AFTER_HEADER + len(mark))[_AFTER_HEADER:] == mark
    except OSError:
        return False
