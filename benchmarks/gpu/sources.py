"""The data of a session: photographs and images, from disk or, in a dry run, synthetic."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset, Split
from aeviz.datasets import photos as photo_files
from aeviz.datasets.photos import Photos


@dataclass(frozen=True)
class Sources:
    """Folders of photographs, of which the first has held-out ones and the others are for training
    only; and the folder of MNIST and Fashion-MNIST, in torchvision's layout. Without them, small
    synthetic images are used."""

    photos: tuple[Path, ...] = ()
    images: Path | None = None

    def load_photos(self) -> Photos:
        """Reads the folders in parallel."""
        if not self.photos:
            return drawn_photos()
        with ThreadPoolExecutor(max(1, min(8, os.cpu_count() or 1))) as pool:
            first, *others = pool.map(photo_files.load, self.photos)
        more = [photo for other in others for photo in (*other.train, *other.held_out)]
        return replace(first, train=[*first.train, *more])

    def has(self, name: str) -> bool:
        """Whether `load` needs no download."""
        return self.images is None or datasets.available(name, self.images)

    def load(self, name: str) -> Dataset:
        """The data set of this name; `drawn_images` if there is no folder."""
        return datasets.load(name, root=self.images) if self.images else drawn_images(name)


def drawn_photos(count: int = 12, height: int = 48, width: int = 64) -> Photos:
    """Synthetic photographs: waves of colour with edges; every tenth is held out."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    photos: list[Tensor] = []
    for i in range(count):
        waves = [torch.sin((x * (1 + i % 3) + c * y) / 7 + i) for c in range(3)]
        photo = 0.5 + 0.4 * torch.stack(waves)
        photo[:, (y + x) % (16 + i) < 4] *= 0.3
        photos.append((photo * 255).to(torch.uint8))
    every = photo_files.HELD_OUT
    train = [photo for i, photo in enumerate(photos, 1) if i % every]
    held_out = [photo for i, photo in enumerate(photos, 1) if not i % every]
    return Photos(train, held_out, "drawn")


def drawn_images(name: str, count: int = 512) -> Dataset:
    """Discs of two classes, in the shape of MNIST; for the shapes in colour, with factors."""
    side, channels = (32, 3) if name.startswith("shapes") else (28, 1)
    chance = torch.Generator().manual_seed(0)
    place = torch.rand(count, 2, generator=chance)
    labels = torch.arange(count) % 2
    line = torch.linspace(0, 1, side)
    apart = (line[:, None] - place[:, :1, None]).square() + (line - place[:, 1:, None]).square()
    inside = apart.sqrt() < 0.15 + 0.1 * labels.view(-1, 1, 1)
    images = (inside[:, None] * 255).to(torch.uint8).expand(-1, channels, -1, -1).contiguous()
    factors = place if name.startswith("shapes") else None
    whole = Split(images, labels, factors)
    cuts = (slice(0, count - 128), slice(count - 128, count - 64), slice(count - 64, count))
    train, validation, test = map(whole.take, cuts)
    names = ("x", "y") if factors is not None else ()
    return Dataset(name, "Discs", ("small", "large"), names, train, validation, test, "drawn")
