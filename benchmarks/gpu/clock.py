"""The time of a session and the shares of its parts."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

from aeviz.cli.terminal import say


class Clock:
    """Counts down `seconds`, of which `spent` have passed; `stop` ends the session early."""

    def __init__(
        self, seconds: float, spent: float = 0.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.now = now
        self.stopped = False
        self._ends = now() + seconds - spent

    def left(self) -> float:
        """Seconds to the end, 0 after it."""
        return 0.0 if self.stopped else max(0.0, self._ends - self.now())

    def stop(self) -> None:
        """Ends the session now."""
        self.stopped = True

    def share(self, seconds: float, spent: float = 0.0) -> Share:
        """At most `seconds` of the time left, for one part of the session. If the part resumes from
        an earlier session, `spent` of them have passed."""
        return Share(self, min(seconds, spent + self.left()), spent)


class Share:
    """The time of one part; it ends with the session at the latest."""

    def __init__(self, clock: Clock, seconds: float, spent: float) -> None:
        self.clock, self.seconds = clock, seconds
        self._began = clock.now() - spent

    def spent(self) -> float:
        return self.clock.now() - self._began

    def left(self) -> float:
        return min(self.clock.left(), max(0.0, self.seconds - self.spent()))

    @property
    def over(self) -> bool:
        return self.left() <= 0

    @property
    def progress(self) -> float:
        """The share of the time that has passed, in [0, 1]."""
        return min(1.0, self.spent() / self.seconds) if self.seconds > 0 else 1.0


@contextlib.contextmanager
def stopped_by_signals(clock: Clock) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the current work, which writes its results; a second one
    interrupts it."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        if clock.stopped:
            raise KeyboardInterrupt
        say("stopping; what is finished is kept")
        clock.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
