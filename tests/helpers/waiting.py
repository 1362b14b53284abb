"""Waiting for another thread or process: for a condition, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(
    condition: Callable[[], object],
    complaint: str | Callable[[], object] = "what is waited for does not happen",
    seconds: float = 90.0,
) -> None:
    """Returns as soon as `condition` holds; fails with `complaint` if that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint() if callable(complaint) else complaint
        time.sleep(0.01)
