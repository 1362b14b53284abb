"""What the queue, and a process that waits for its turn, need to know of a job of the Lab, without
PyTorch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aeviz.io.paths import owner_of


@dataclass(frozen=True)
class JobFolder:
    """The folder of a job. Every property rereads it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def owner(self) -> str:
        """Who started it first, as `aeviz.identity` names them."""
        return owner_of(self.folder)

    @property
    def stop_requested(self) -> bool:
        return (self.folder / "stop").exists() or not self.folder.exists()

    def should_stop(self, server: int | None) -> bool:
        """Whether its process is to end: at a Stop, or if the process `server`, which started it,
        has ended."""
        return (server is not None and os.getppid() != server) or self.stop_requested
