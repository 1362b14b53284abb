"""When a long training makes way for other people's runs."""

from __future__ import annotations

import math
import time

from aeviz import limits
from aeviz.runs import queue

CHECK_SECONDS = 5.0
OVER_MESSAGE = (
    f"It trained for {limits.LONGEST_TRAINING_SECONDS / 60:.0f} minutes while others waited, so it "
    "made way for them. Its progress is kept. Press Continue, and it waits for another turn."
)


class TimeSlice:
    """The time that one person's training may take while another person's run waits.

    `is_over`: whether a call of `check` has found it used up.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._began = math.inf
        self._checked = 0.0
        self.is_over = False

    def begin(self) -> None:
        """Start the clock, at the begin of the turn."""
        self._began = time.monotonic()

    def check(self) -> bool:
        """Whether the training should make way now; cheap enough for every step."""
        now = time.monotonic()
        if now - self._began > limits.LONGEST_TRAINING_SECONDS and (
            now - self._checked >= CHECK_SECONDS
        ):
            self._checked = now
            self.is_over = self.is_over or queue.others_wait(self._owner)
        return self.is_over
