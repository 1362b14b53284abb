"""Photographs in a folder, for training and measuring restorers.

Each photograph has its own size, unlike the images of the other data sets, so they are in lists.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from aeviz import images
from aeviz.errors import UserError

HELD_OUT = 10
"""Of the photographs in the order of their names, every tenth is never trained on."""

_ENDINGS = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True)
class Photos:
    """train, held_out: lists of uint8 (3, H, W). `sha256` covers every pixel of both."""

    train: list[Tensor]
    held_out: list[Tensor]
    sha256: str


def folder(given: Path | None = None) -> Path:
    """`given`, or else the folder in `AEVIZ_PHOTOS`; UserError if there is neither."""
    named = os.environ.get("AEVIZ_PHOTOS")
    path = given or (Path(named).expanduser() if named else None)
    if path is None:
        raise UserError("Name a folder of photographs: --photos DIR, or AEVIZ_PHOTOS.")
    if not path.is_dir():
        raise UserError(f"There is no folder {path}: name a folder of photographs.")
    return path


def load(path: Path) -> Photos:
    """All JPEG and PNG files of a folder, in colour; UserError if there are fewer than ten."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in _ENDINGS)
    if len(files) < HELD_OUT:
        raise UserError(f"{path} has {len(files)} photographs: at least {HELD_OUT} are needed.")
    train: list[Tensor] = []
    held_out: list[Tensor] = []
    digest = hashlib.sha256()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        photos = list(pool.map(_read, files))
    for number, photo in enumerate(photos, 1):
        digest.update(repr(tuple(photo.shape)).encode())
        digest.update(photo.numpy().data)
        (train if number % HELD_OUT else held_out).append(photo)
    return Photos(train, held_out, digest.hexdigest())


def _read(file: Path) -> Tensor:
    try:
        pixels = images.decode(file.read_bytes()).pixels
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from error
    except UserError as error:
        raise UserError(f"{file.name}: {error}") from error
    return torch.from_numpy(pixels).permute(2, 0, 1).expand(3, -1, -1).contiguous()
