"""Processors and memory of this machine, or of the container that this process is in."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMORY_LIMITS = (CGROUP / "memory.max", CGROUP / "memory" / "memory.limit_in_bytes")
"""Files in which Linux reports a container's memory limit."""


def cores() -> int:
    """The number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on a Mac
        return os.cpu_count() or 1


def total_memory() -> float:
    """Bytes of memory that this process may use; infinite if the system does not say."""
    limits = [math.inf]
    with contextlib.suppress(AttributeError, OSError, ValueError):
        limits.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    for path in MEMORY_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max" is no limit
            limits.append(float(int(path.read_text())))
    return min(limits)


def available_memory() -> float:
    """Bytes of memory that programs could still use; infinite if the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        text = Path("/proc/meminfo").read_text()
        free = 1024.0 * int(text.partition("MemAvailable:")[2].split()[0])
        with contextlib.suppress(OSError, ValueError):  # "max" is no limit
            limit = int((CGROUP / "memory.max").read_text())
            free = min(free, limit - int((CGROUP / "memory.current").read_text()))
        return free
    return math.inf
