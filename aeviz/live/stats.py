"""What `GET /aeviz/live/stats` tells: clients, requests per second, batch sizes, latencies."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

WINDOW: Final = 4096  # how many recent requests and passes the percentiles are taken over
RATE_SECONDS: Final = 5.0


@dataclass
class Stats:
    """Counters of one server. Written from the decode threads and the event loop.

    Each field is written by one short operation under the interpreter's lock; a reader may see a
    count that is one behind, never a torn one.
    """

    clients: int = 0
    requests: int = 0
    superseded: int = 0
    passes: int = 0
    _rows: deque[int] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=20 * WINDOW))

    def passed(self, rows: int) -> None:
        """One forward pass over `rows` rows has run."""
        self.passes += 1
        self._rows.append(rows)

    def answered(self, seconds: float) -> None:
        """A request was answered `seconds` after it arrived."""
        self.requests += 1
        self._seconds.append(seconds)
        self._times.append(time.monotonic())

    def snapshot(self) -> dict[str, object]:
        """A JSON-ready picture; times in milliseconds, over the last `WINDOW` requests."""
        since = time.monotonic() - RATE_SECONDS
        recent = sum(moment >= since for moment in tuple(self._times))
        return {
            "clients": self.clients,
            "requests": self.requests,
            "superseded": self.superseded,
            "passes": self.passes,
            "requests_per_second": round(recent / RATE_SECONDS, 1),
            "rows_per_pass": _percentiles(tuple(self._rows)),
            "latency_ms": _percentiles([1e3 * value for value in tuple(self._seconds)]),
        }


def _percentiles(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2)}
