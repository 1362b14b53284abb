"""`python -m aeviz restore`: restore photographs, or small images, into a folder.

The file of a result contains a hash of the image, the model, the options and this package's
version. If the same command is run again, results with the same hash are kept, so that interrupted
work continues; if anything has changed, the image is restored again.
"""

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
from aeviz.cli.terminal import Progress, files, read, say
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

_AFTER_HEADER = 8 + 25  # a PNG file's signature and its first chunk


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The command's options."""
    sub.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR")
    sub.add_argument("--task", choices=tuple(TASKS), help="default: the model's own task")
    sub.add_argument("--model", metavar="FILE or NAME", help="default: restore-TASK")
    sub.add_argument("--sigma", type=float, metavar="S", help="denoise: the noise level, of 255")
    sub.add_argument(
        "--mask", type=Path, metavar="FILE", help="inpaint: image with the part to fill in white"
    )
    sub.add_argument(
        "--mask-marks",
        choices=("white", "black"),
        help="which colour in the mask marks the part to fill",
    )
    sub.add_argument(
        "--stretch", action="store_true", help="stretch a small range of values from black to white"
    )
    sub.add_argument("--device", default="auto")


def restore(args: argparse.Namespace) -> dict[str, Any]:
    """Restore all files in `args.paths`; failures are listed and do not stop the others."""
    paths = files(args.paths)
    targets = _targets(paths, args.out)
    work = _prepare(args)
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    progress = Progress(len(paths))
    result = {"restored": done, "failed": failed, "exit_code": 0}
    try:
        for path, target in zip(paths, targets, strict=True):
            progress.begin(path.name)
            try:
                figures = work.restore(path, target, lambda n, of: progress.show(n, of, "tiles"))
                done.append({"path": str(path), "out": str(target)} | figures)
                progress.end(_in_words(figures), worked=not figures["kept"])
            except UserError as error:
                failed.append({"path": str(path), "error": str(error)})
                progress.end(str(error), worked=False)
    except KeyboardInterrupt:
        say(
            f"\naeviz: interrupted after {len(done)} of {len(paths)} images. "
            "Run the same command again to continue."
        )
        return result | {"exit_code": 130}
    return result | {"exit_code": 2 if failed and not done else 0}


def _targets(paths: list[Path], folder: Path) -> list[Path]:
    """The path of each result, which depends only on `paths` and `folder`. UserError if it is that
    of an original."""
    taken: set[str] = set()
    names = [crops.unique_name(images.safe_name(path.name, ".png"), taken) for path in paths]
    targets = [folder / name for name in names]
    originals = {path.resolve() for path in paths}
    for target in targets:
        if target.resolve() in originals:
            raise UserError(f"The result would overwrite {target}: choose another --out.")
    return targets


def _in_words(figures: dict[str, Any]) -> str:
    if figures["kept"]:
        return "already done"
    took = f"{figures['seconds']:.1f} s"
    if "megapixels" not in figures:
        return took
    return f"{figures['megapixels']:.1f} MP with noise {figures['sigma']:.0f} in {took}"


@dataclass(frozen=True)
class _Work:
    """The model and options for all files; `key` is their hash."""

    loaded: Loaded | LoadedRestorer
    task: Task
    sigma: float | None
    mask: np.ndarray | None
    stretch: bool
    key: bytes

    def restore(self, path: Path, target: Path, on_tile: Tiles) -> dict[str, Any]:
        """Write the result of one file, unless it exists already; returns its JSON fields."""
        begun = time.perf_counter()
        data = read(path)
        mark = make_chunk(b"tEXt", b"aeviz\0" + _hash(self.key, data).hex().encode())
        if _carries(target, mark):
            return {"notes": (), "kept": True}
        with plain_memory_errors("Not enough memory for this photo: make it smaller."):
            png, figures = self._png(data, on_tile)
        atomic.write_bytes(target, png[:_AFTER_HEADER] + mark + png[_AFTER_HEADER:])
        return figures | {"seconds": round(time.perf_counter() - begun, 2), "kept": False}

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


def _prepare(args: argparse.Namespace) -> _Work:
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
    return _Work(
        loaded, task, args.sigma, mask, args.stretch, _hash(options, mask_file, path.read_bytes())
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
