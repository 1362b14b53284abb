"""What the parts of a session share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from aeviz.datasets import Dataset
from aeviz.datasets.photos import Photos
from aeviz.errors import UserError
from aeviz.training.squares import Squares
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.results import Models, Report
from benchmarks.gpu.sizes import Sizes
from benchmarks.gpu.sources import Sources

LONG = 1800.0
"""A session of this many seconds or more can be resumed: it saves its state."""


@dataclass
class Session:
    """Device, sizes, data, clock and output of a session. `seconds` is its length."""

    device: torch.device
    sizes: Sizes
    sources: Sources
    out: Path
    seconds: float
    clock: Clock
    report: Report
    models: Models
    bundled: Path | None = None
    precision: str = "auto"
    chance: torch.Generator = field(init=False)
    _squares: Squares | None = None
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.chance = torch.Generator(self.device).manual_seed(0)

    @property
    def photos(self) -> Photos:
        """The photographs, read once; other threads wait meanwhile."""
        with self._reading:
            return self._photos

    @cached_property
    def _photos(self) -> Photos:
        return self.sources.load_photos()

    @cached_property
    def images(self) -> Dataset:
        """MNIST, or Fashion-MNIST, which has the same size, if only that is available."""
        names = ("mnist", "fashion-mnist")
        there = [name for name in names if self.sources.has(name)]
        if not there:
            raise UserError(f"{self.sources.images} has neither MNIST nor Fashion-MNIST.")
        return self.sources.load(there[0])

    @property
    def can_continue(self) -> bool:
        """Whether the state that is needed to resume is saved."""
        return self.seconds >= LONG

    def squares(self, side: int) -> Squares:
        """Squares of the training photographs that are large enough, on the device; squares of
        another side are dropped."""
        if self._squares is None or self._squares.side != side:
            self._squares = None  # so that there are never two in memory
            fit = [photo for photo in self.photos.train if min(photo.shape[1:]) >= side]
            self._squares = Squares(fit or self.photos.train, side, self.device)
        return self._squares

    def bundled_file(self, name: str) -> Path | None:
        """The file of the bundled model of this name, if it exists."""
        path = None if self.bundled is None else self.bundled / f"{name}.safetensors"
        return path if path is not None and path.is_file() else None
