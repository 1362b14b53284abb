"""The figures of `GET /aeviz/live/stats`: requests per second, batch sizes, latencies."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

WINDOW: Final = 4096  # recent requests and passes in the percentiles
RATE_SECONDS: Final = 5.0


@dataclass
class Stats:
    """Counters of one server, written from its decode threads and its event loop."""

    requests: int = 0
    passes: int = 0
    _rows: deque[int] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=20 * WINDOW))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count_pass(self, rows: int, waited: Sequence[float]) -> None:
        """Count one forward pass over `rows` rows; `waited`: the seconds from arrival to reply of
        each request that it completed."""
        now = time.monotonic()
        with self._lock:
            self.passes += 1
            self.requests += len(waited)
            self._rows.append(rows)
            self._seconds.extend(waited)
            self._times.extend([now] * len(waited))

    def snapshot(self) -> dict[str, object]:
        """The figures, ready for JSON; times in milliseconds, over the last `WINDOW` requests."""
        with self._lock:
            times, rows, seconds = tuple(self._times), tuple(self._rows), tuple(self._seconds)
        since = time.monotonic() - RATE_SECONDS
        recent = sum(moment >= since for moment in times)
        return {
            "requests": self.requests,
            "passes": self.passes,
            "requests_per_second": round(recent / RATE_SECONDS, 1),
            "rows_per_pass": _percentiles(rows),
            "latency_ms": _percentiles([1e3 * value for value in seconds]),
        }


def _percentiles(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2)}
