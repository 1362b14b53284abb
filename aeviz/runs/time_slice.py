"""When a long training makes way for other people's runs."""

from __future__ import annotations

import math
import time

from aeviz import limits
from aeviz.runs import queue

LOOK_SECONDS = 5.0


class MakesWay:
    """Asked at every step: whether this owner's training has lasted for as long as a turn may,
    while a run of somebody else waits. `did`: it has said so."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._began = math.inf
        self._looked = 0.0
        self.did = False

    def begin(self) -> None:
        """The turn begins."""
        self._began = time.monotonic()

    def __call__(self) -> bool:
        now = time.monotonic()
        if now - self._began > limits.LONGEST_TRAINING_SECONDS and (
            now - self._looked >= LOOK_SECONDS
        ):
            self._looked = now
            self.did = self.did or queue.others_wait(self._owner)
        return self.did
