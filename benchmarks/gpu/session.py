"""What the parts of a session share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from aeviz.datasets import Dataset
from aeviz.datasets.photos import Photos
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.results import Models, Report
from benchmarks.gpu.sizes import Sizes
from benchmarks.gpu.sources import Sources

LONG = 1800.0
"""A session of so many seconds or more can be continued: it saves all that it needs for that."""


@dataclass
class Session:
    """Device, sizes, data, clock, and what is written. `seconds` is its length."""

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
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.chance = torch.Generator(self.device).manual_seed(0)

    @property
    def photos(self) -> Photos:
        """The photographs, read once; whoever asks meanwhile waits."""
        with self._reading:
            return self._photos

    @cached_property
    def _photos(self) -> Photos:
        return self.sources.load_photos()

    @cached_property
    def mnist(self) -> Dataset:
        return self.sources.load("mnist")

    @property
    def can_continue(self) -> bool:
        """Whether what is needed to go on later is saved."""
        return self.seconds >= LONG

    def bundled_file(self, name: str) -> Path | None:
        """The bundled model of this name, where there is one to begin with."""
        path = None if self.bundled is None else self.bundled / f"{name}.safetensors"
        return path if path is not None and path.is_file() else None
